# SPDX-License-Identifier: GPL-2.0-only
# Debian packages: which ones a command needs, and how to get them. Sourced by
# ipi; sh because python3 is one of them.

SERIES_PACKAGES="git python3 xz-utils"
BUILD_PACKAGES="bc bison ccache flex gcc libc6-dev make perl"
CHECK_PACKAGES="codespell cpp device-tree-compiler dt-schema patch python3-git python3-ply"
STATIC_PACKAGES="coccinelle sparse"
# The machines have the compiler and the QEMU of the other architectures.
KUNITCONFIG_PACKAGES="libelf-dev qemu-system-x86"

# The packages a machine's description names, or the one it is like.
machine_packages() {
	toml="$here/machines/$1.toml"
	own=$(sed -n 's/^packages = \[\(.*\)\]$/\1/p' "$toml" | tr -d '",')
	like=$(sed -n 's/^\(kernel\|like\) = "\(.*\)"$/\2/p' "$toml")
	if [ -n "$own" ]; then
		echo "$own"
	elif [ -n "$like" ] && [ "$like" != "$1" ]; then
		machine_packages "$like"
	fi
}

all_machine_packages() {
	for toml in "$here"/machines/*.toml; do
		machine_packages "$(basename "$toml" .toml)"
	done
}

# The machines that mutants run on, malta unless one says so.
mutant_machines() {
	sed -n 's/^Machine: //p' "$here"/tests/mutants/*.patch | sort -u
}

bench_packages() {
	for toml in "$here"/bench/*.toml; do
		sed -n 's/^packages = \[\(.*\)\]$/\1/p' "$toml" | tr -d '",'
	done
}

platform_packages() {
	sed -n 's/^packages = \[\(.*\)\]$/\1/p' "$here/configs/platforms.toml" | tr -d '",'
}

# Not one of a suite that the system does not have: tools/ipi/archive.py gets it.
base_package() {
	sed '/^#/d; / /d' "$here/base/${IPI_BASE:-6.12}/package"
}

packages_for() {
	echo "$SERIES_PACKAGES"
	[ -n "${LINUX:-}" ] || base_package
	case $1 in
	boot|kunit|stress|compare|shell)
		echo "$BUILD_PACKAGES"
		machine_packages "$2" ;;
	mutants)
		echo "$BUILD_PACKAGES"
		for mutant_machine in malta $(mutant_machines); do
			machine_packages "$mutant_machine"
		done ;;
	mail)
		echo perl ;;
	bench)
		echo "$BUILD_PACKAGES gnuplot-nox"
		bench_packages ;;
	platforms)
		echo "$BUILD_PACKAGES"
		platform_packages ;;
	check)
		echo "$BUILD_PACKAGES $CHECK_PACKAGES $STATIC_PACKAGES $KUNITCONFIG_PACKAGES"
		all_machine_packages ;;
	test)
		echo "$BUILD_PACKAGES $CHECK_PACKAGES"
		platform_packages
		bench_packages
		all_machine_packages ;;
	esac
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# sudo may ask for a password only if somebody is there to type it.
can_sudo() {
	command -v sudo >/dev/null || return 1
	[ -t 0 ] || sudo -n true 2>/dev/null
}

run_apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" >>"$apt_log" 2>&1
}

# Installs what is missing of the packages in $1, as root or through sudo.
install_missing() {
	missing=$(for package in $1; do
		is_installed "$package" || echo "$package"
	done | sort -u | tr '\n' ' ')
	missing=${missing% }
	[ -n "$missing" ] || return 0

	options="--no-install-recommends -y"
	as_root=
	if [ "$(id -u)" != 0 ]; then
		if ! can_sudo; then
			echo "ipi: packages are missing, and only root can install them:" >&2
			echo "apt-get install $options $missing" >&2
			return 1
		fi
		as_root=sudo
	fi

	echo "install packages: $missing ..."
	start=$(date +%s)
	mkdir -p "$here/build"
	apt_log="$here/build/apt.log"
	: >"$apt_log"
	# The package lists may be absent or old, so a first failure is no news.
	run_apt install $options $missing ||
		{ run_apt update && run_apt install $options $missing; } ||
		{
			tail -n 20 "$apt_log" >&2
			echo "ipi: apt-get could not install: $missing" >&2
			return 1
		}
	echo "install packages: $(($(date +%s) - start)) s"
}
