# The image of the Action: one static binary, the certificate authorities, an empty /tmp, and nothing else.
# It builds with any OCI builder, for the architecture that the builder runs on.
#
# There is no USER: GitHub mounts the workspace as it pleases and asks for root.

FROM docker.io/library/rust:1.95-alpine AS build
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /build
COPY . .
# Alpine's own target is musl, and its programs are linked statically.
RUN cargo build --release --locked --bin lockkeeper \
    && mkdir -p /image/etc/ssl/certs /image/tmp \
    && chmod 1777 /image/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && cp target/release/lockkeeper /image/lockkeeper

FROM scratch
COPY --from=build /image/ /
ENTRYPOINT ["/lockkeeper"]
CMD ["action"]
