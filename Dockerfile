# The image of the Action: one static binary, the certificate authorities, an empty /tmp, and nothing else.
#
#     docker build --tag lockkeeper .        any OCI builder will do, for the architecture that it builds for
#
# A release does not compile here: it puts the binaries of its archives into the last stage (`--build-context build=…`, see
# docs/release.md), so that the image holds the very program that the archives hold.
#
# There is no USER: GitHub mounts the workspace as it pleases and asks for root. Nothing is written to the root, and no
# home is needed.

# The tag is for people; the digest (of the list for all architectures) is what is fetched.
FROM docker.io/library/rust:1.95-alpine@sha256:606fd313a0f49743ee2a7bd49a0914bab7deedb12791f3a846a34a4711db7ed2 AS build
# The base has them; another base of yours may not.
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /build
# Paths of the builder are no part of the program.
ENV RUSTFLAGS="--remap-path-prefix=/build=/lockkeeper --remap-path-prefix=/usr/local/cargo=/cargo"
# The dependencies make a layer of their own, which stays until Cargo.lock changes: a program without content is built
# over them first.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked --bin lockkeeper \
    && rm -r src
COPY data data
COPY src src
# Empty where the builder does not tell it; then nothing is asked for but its own architecture.
ARG TARGETARCH
# Alpine's own target is musl, and its programs are linked statically. Cargo goes by times: what was just copied is new.
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked --bin lockkeeper \
    && mkdir -p "/image/$TARGETARCH/etc/ssl/certs" "/image/$TARGETARCH/tmp" \
    && chmod 1777 "/image/$TARGETARCH/tmp" \
    && cp /etc/ssl/certs/ca-certificates.crt "/image/$TARGETARCH/etc/ssl/certs/" \
    && cp target/release/lockkeeper "/image/$TARGETARCH/lockkeeper"

FROM scratch
ARG TARGETARCH
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="lockkeeper" \
      org.opencontainers.image.description="Reads every lockfile on every live release line, matches it against advisory databases and says whether this release may go out" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.source="$SOURCE"
COPY --from=build /image/${TARGETARCH}/ /
ENTRYPOINT ["/lockkeeper"]
CMD ["action"]
