#!/bin/sh
# Installs the released program, after it was verified, and puts it into the PATH of the steps that follow.
#
# What is wanted comes as variables, so that no value of a workflow is ever part of a command:
#
#   SETUP_VERSION      the release, such as 1.2.3; that of setup/release if empty
#   SETUP_SHA256       the SHA-256 of this system's archive; that of setup/release if empty
#   SETUP_FOLDER       where the program goes; a folder of the runner's own if empty
#   SETUP_MIRROR       an address that holds <archive> itself; the release on GitHub if empty
#   SETUP_ATTESTATION  true: `gh` also verifies that the release workflow built it (needs GH_TOKEN)
#   SETUP_REPOSITORY   whose release it is; that of setup/release if empty
#   SETUP_WAIT         seconds before the second try, 3 if empty; each further one waits twice as long
#
# It needs curl, tar with gzip, and sha256sum, shasum or openssl. Proxies are curl's own (https_proxy, no_proxy).
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
work=''
fresh=''

main() {
    release_file=$here/release
    version=${SETUP_VERSION:-}
    sha256=$(printf %s "${SETUP_SHA256:-}" | tr 'A-F' 'a-f')
    mirror=${SETUP_MIRROR:-}
    repository=${SETUP_REPOSITORY:-}
    pinned=$(pinned version '')

    version=${version#v}
    [ -n "$version" ] || version=$pinned
    [ -n "$version" ] || fail "there is no version: this commit is none of a release" \
        "Use the full commit of a release, or name the inputs 'version' and 'sha256'."
    case $version in
        *[!0-9A-Za-z.+-]* | [!0-9]*) fail "the version is none: $(shown "$version")" \
            "Give it as in 1.2.3, or leave it out for the release of this commit." ;;
    esac
    pinned_repository=$(pinned repository '')
    [ -z "$pinned_repository" ] || repository=$pinned_repository
    case $repository in
        */*/* | *[!0-9A-Za-z._/-]*) fail "the repository is none: $(shown "$repository")" \
            "It is named as OWNER/NAME." ;;
        ?*/?*) ;;
        *) [ -n "$mirror" ] || fail "nothing tells whose release it is" \
            "Use the full commit of a release, or name the input 'mirror'." ;;
    esac
    [ "$mirror" = "$(inert "$mirror" | tr -d ' ')" ] || fail "the address of the mirror has white space in it" \
        "Name one address with the input 'mirror'."
    find_system
    archive=lockkeeper-$target.tar.gz
    find_sha256
    find_folder

    trap clean EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    work=$(mktemp -d "${RUNNER_TEMP_UNIX:-${TMPDIR:-/tmp}}/lockkeeper-setup.XXXXXX")
    if [ -n "$mirror" ]; then
        address=${mirror%/}/$archive
    else
        # Where GitHub is a company's own too: the release is on the public one, and a mirror is named where that is
        # out of reach.
        address=https://github.com/$repository/releases/download/v$version/$archive
    fi
    echo "lockkeeper $version for $target from $(plain "$address")"
    download "$address" "$work/$archive"
    verify "$work/$archive"
    attest "$work/$archive"
    install "$work/$archive"
    tell
}

# The value of a line of setup/release: pinned KEY NAME. `sha256` lines have a name, others have none.
pinned() {
    [ -f "$release_file" ] || return 0
    while read -r key value name; do
        if [ "$key" = "$1" ] && [ "$name" = "$2" ]; then
            printf %s "$value" | tr -d '\r'
            return 0
        fi
    done <"$release_file"
}

# Sets target, program (the file's name) and windows (yes or no).
find_system() {
    system=${RUNNER_OS:-$(uname -s)}
    machine=${RUNNER_ARCH:-$(uname -m)}
    program=lockkeeper
    windows=no
    case $machine in
        X64 | x86_64 | amd64) machine=x86_64 ;;
        ARM64 | arm64 | aarch64) machine=aarch64 ;;
        *) fail "there is no release for this processor: $(shown "$machine")" \
            "Releases are for x86-64 and arm64; elsewhere, cargo install builds the program." ;;
    esac
    case $system in
        Linux) target=$machine-unknown-linux-musl ;;
        macOS | Darwin) target=$machine-apple-darwin ;;
        Windows | MINGW* | MSYS* | CYGWIN*)
            # Windows on arm64 runs programs for x86-64.
            target=x86_64-pc-windows-msvc
            program=lockkeeper.exe
            windows=yes
            ;;
        *) fail "there is no release for this system: $(shown "$system")" \
            "Releases are for Linux, macOS and Windows; elsewhere, cargo install builds the program." ;;
    esac
}

# Sets sha256 to what the archive must have. A file that lies beside the archive proves nothing: whoever replaces one
# replaces the other. So it is given, or was pinned by the commit that the workflow names.
find_sha256() {
    if [ -z "$sha256" ]; then
        [ "$version" = "$pinned" ] || fail "no checksum is known for version $version" \
            "This commit pins ${pinned:-no release}. Use the commit of release $version, or name the input 'sha256': the line of $archive in SHA256SUMS of that release."
        sha256=$(pinned sha256 "$archive")
        [ -n "$sha256" ] || fail "release $version has no $archive" \
            "Name another version, or build the program with cargo install."
    fi
    case $sha256 in
        *[!0-9a-f]*) sha256=bad ;;
    esac
    [ ${#sha256} = 64 ] || fail "the input 'sha256' is no SHA-256" \
        "It has 64 hexadecimal digits: the line of $archive in SHA256SUMS of the release."
}

# Sets folder, in the spelling that this shell knows, and RUNNER_TEMP_UNIX.
find_folder() {
    RUNNER_TEMP_UNIX=''
    [ -z "${RUNNER_TEMP:-}" ] || RUNNER_TEMP_UNIX=$(to_unix "$RUNNER_TEMP")
    folder=${SETUP_FOLDER:-}
    if [ -n "$folder" ]; then
        folder=$(to_unix "$folder")
    elif [ -n "$RUNNER_TEMP_UNIX" ]; then
        folder=$RUNNER_TEMP_UNIX/lockkeeper-$version
    elif [ -n "${HOME:-}" ]; then
        folder=$HOME/.local/bin
    else
        fail "there is no folder to install into" "Name the input 'folder'."
    fi
    case $folder in
        *'
'*) fail "the folder's name has a line break" "Name the input 'folder' without one." ;;
        *:*) fail "the folder's name has a colon, which separates entries of PATH: $(shown "$folder")" \
            "Name the input 'folder' without one." ;;
        /*) ;;
        *) folder=$(pwd)/$folder ;;
    esac
}

# download ADDRESS FILE: what is cut, slow or refused for now is tried again; what is not there is not.
download() {
    case $1 in
        https://*) protocols='=https' ;;
        # An own mirror inside a network; the SHA-256 stands for what it gives.
        http://*) protocols='=http,https' ;;
        *) fail "the address is none: $(shown "$1")" "The input 'mirror' begins with https:// or http://." ;;
    esac
    command -v curl >/dev/null 2>&1 || fail "curl is not there" "Install curl on the runner."
    try=1
    wait=${SETUP_WAIT:-3}
    while :; do
        rm -f "$2"
        status=0
        code=$(curl -q --globoff --proto "$protocols" --silent --show-error --location --max-redirs 5 --connect-timeout 20 \
            --max-time 300 --write-out '%{http_code}' --output "$2" "$1" 2>"$work/curl") || status=$?
        if [ "$status" = 0 ]; then
            case $code in
                200) return 0 ;;
                404 | 410) fail "not found (HTTP $code): $(plain "$1")" \
                    "Look whether release $version exists and has $archive. A private copy needs the input 'mirror'." ;;
                401 | 407) fail "not allowed (HTTP $code): $(plain "$1")" \
                    "Look at the proxy (https_proxy, no_proxy) or the mirror; the release itself needs no login." ;;
                *) why="HTTP $code" ;;
            esac
        else
            why=$(tr -d '\r' <"$work/curl" | tail -n 1)
            why=${why:-curl ended with $status}
            case $status in
                # An address, a protocol, a certificate: the next try ends alike.
                1 | 3 | 60 | 77) fail "the download failed: $(shown "$why")" \
                    "Look at the address, and at the certificate authorities of the runner (CURL_CA_BUNDLE)." ;;
            esac
        fi
        if [ "$try" -ge 4 ]; then
            fail "the download failed 4 times: $(shown "$why")" \
                "Look whether the runner reaches $(plain "$1"), and at its proxy (https_proxy, no_proxy). Try again later."
        fi
        echo "try $try of 4: $(shown "$why"); the next one in $wait s"
        sleep "$wait"
        wait=$((wait * 2))
        try=$((try + 1))
    done
}

# verify FILE: it is what the release was.
verify() {
    if command -v sha256sum >/dev/null 2>&1; then
        found=$(sha256sum <"$1")
    elif command -v shasum >/dev/null 2>&1; then
        found=$(shasum -a 256 <"$1")
    elif command -v openssl >/dev/null 2>&1; then
        found=$(openssl dgst -sha256 -r <"$1")
    else
        fail "neither sha256sum nor shasum nor openssl is there" "Install one of them on the runner."
    fi
    found=${found%% *}
    [ "$found" = "$sha256" ] || fail "$archive is not what was released: its SHA-256 is $found, not $sha256" \
        "Do not use it. A proxy may have answered in its place; if it is the release's own file, tell the maintainers (SECURITY.md)."
    echo "SHA-256 $found, as pinned"
}

# attest FILE: the release workflow of the repository built it, if that is asked for.
attest() {
    case ${SETUP_ATTESTATION:-false} in
        true) ;;
        false | '') return 0 ;;
        *) fail "the input 'attestation' is neither true nor false" "Say true, or leave it out." ;;
    esac
    [ -n "$repository" ] || fail "nothing tells whose attestation it must be" "Use the full commit of a release."
    command -v gh >/dev/null 2>&1 || fail "gh is not there, which verifies attestations" \
        "Install the GitHub CLI on the runner, or leave out the input 'attestation'; the SHA-256 was verified."
    gh attestation verify "$1" --repo "$repository" \
        --signer-workflow "$repository/.github/workflows/release.yml" --deny-self-hosted-runners || fail \
        "gh could not verify that the release workflow of $repository built $archive" \
        "Read what gh says above. It needs a token that may read (GH_TOKEN) and reaches api.github.com."
}

# install ARCHIVE: a program that does not run here replaces none that does.
install() {
    mkdir -p "$folder" 2>/dev/null || :
    if ! [ -d "$folder" ] || ! [ -w "$folder" ]; then
        fail "cannot write into $(shown "$folder")" "Name another folder with the input 'folder'."
    fi
    fresh=$(mktemp "$folder/.lockkeeper.XXXXXX")
    if [ "$windows" = yes ]; then
        # Windows runs what is called .exe.
        rm -f "$fresh"
        fresh=$fresh.exe
    fi
    # One file of the archive, to standard output: no other path of it is ever written.
    tar -xzOf - "$program" <"$1" >"$fresh" 2>"$work/tar" || fail "$archive holds no $program that can be read" \
        "$(shown "$(tail -n 1 "$work/tar")")"
    chmod 755 "$fresh"
    said=$("$fresh" --version 2>"$work/said" </dev/null) || fail "the program does not run here" \
        "$(shown "$(tail -n 1 "$work/said")")"
    said=$(printf %s "$said" | tr -d '\r')
    [ "$said" = "lockkeeper $version" ] || fail "the program says that it is $(shown "$said"), not $version" \
        "Look whether the inputs 'version' and 'sha256' belong together."
    [ ! -d "$folder/$program" ] || fail "there is a folder of that name: $(shown "$folder/$program")" \
        "Name another folder with the input 'folder'."
    mv -f "$fresh" "$folder/$program" || fail "cannot replace $(shown "$folder/$program")" \
        "End what runs it, or name another folder with the input 'folder'."
    fresh=''
}

# The path for steps that follow, and the outputs.
tell() {
    path=$(to_native "$folder/$program")
    if [ -n "${GITHUB_PATH:-}" ]; then
        to_native "$folder" >>"$(to_unix "$GITHUB_PATH")"
    fi
    if [ -n "${GITHUB_OUTPUT:-}" ]; then
        printf 'path=%s\nversion=%s\n' "$path" "$version" >>"$(to_unix "$GITHUB_OUTPUT")"
    fi
    echo "installed: $path"
}

# D:\a\_temp as /d/a/_temp; a path of another system as it is.
to_unix() {
    if [ "${windows:-no}" = yes ]; then cygpath -u "$1"; else printf '%s\n' "$1"; fi
}

to_native() {
    if [ "${windows:-no}" = yes ]; then cygpath -w "$1"; else printf '%s\n' "$1"; fi
}

# plain ADDRESS: without what may be a secret: a login, a query.
plain() {
    inert "$1" | sed -e 's|://[^/@]*@|://|' -e 's|[?#].*||'
}

# What came from elsewhere, on one line and without control characters.
shown() {
    inert "$1" | cut -c 1-300
}

inert() {
    printf %s "$1" | tr -d '\000-\037\177'
}

# fail MESSAGE HINT: as an annotation on GitHub, as text elsewhere.
fail() {
    if [ "${GITHUB_ACTIONS:-}" = true ]; then
        printf '::error title=lockkeeper setup::%s%%0A%s\n' "$(inert "$1" | sed 's/%/%25/g')" "$(inert "$2" | sed 's/%/%25/g')"
    else
        printf 'error: %s\n  %s\n' "$(inert "$1")" "$(inert "$2")" >&2
    fi
    exit 1
}

clean() {
    [ -z "$fresh" ] || rm -f "$fresh"
    [ -z "$work" ] || rm -rf "$work"
}

main
