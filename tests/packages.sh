# Sourced: installs what this machine lacks, on Debian and its kin.
#
#     install_packages LOG PACKAGE...
#
# `boost` stands for the Boost that is new enough: Debian 12 has one that is too old by default, and a newer one beside
# it. Says what it does; without root it says what has to be done, and fails.

boost_packages() {
    if [[ -n $(apt-cache show libboost-url1.81-dev 2>/dev/null) ]]; then
        printf '%s ' libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
    else
        printf '%s ' libboost-dev libboost-json-dev libboost-url-dev
    fi
}

missing_packages() {
    local package
    for package in ${*/#boost/$(boost_packages)}; do
        dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' || printf '%s ' "$package"
    done
}

install_packages() {
    local log=$1 missing
    shift
    if ! command -v apt-get >/dev/null; then
        echo "  This is no Debian or Ubuntu; what is needed must be there already: $*"
        return 0
    fi
    missing=$(missing_packages "$@")
    if [[ -z $missing ]]; then
        echo "  Every package is there."
        return 0
    fi
    if ((EUID != 0)); then
        echo "  These packages are missing; install them, or run this as root: apt-get install $missing"
        return 1
    fi
    apt-get update >"$log" 2>&1 || true # an old list may do
    missing=$(missing_packages "$@")    # which Boost there is is known only now
    echo "  Installing $missing"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >>"$log" 2>&1 ||
        { tail -n 30 "$log" && return 1; }
}
