"""A root file system that stands in for debian:bookworm-slim, made by mmdebstrap."""

import tempfile
from pathlib import Path

from images import host, packages, progress


# As upstream's slim variant: copyright files stay, other documentation and translations go.
LEFT_OUT = ("doc", "info", "locale", "man", "lintian", "linda", "groff")
OPTIONS = (
    "--variant=minbase",
    "--include=usr-is-merged",
    # As upstream: the other provider of a merged /usr, chosen with it, brings all of Perl.
    '--customize-hook=chroot "$1" apt-get purge -qy usrmerge perl perl-modules-5.36 libperl5.36 '
    "libfile-find-rule-perl libnumber-compare-perl libtext-glob-perl libgdbm6 libgdbm-compat4",
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap',
    '--customize-hook=rm -f "$1"/etc/apt/sources.list.d/* "$1"/etc/hostname "$1"/etc/resolv.conf',
    '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*',
)


def make(rootfs: Path, log: Path) -> None:
    """
    Write Debian 12's root file system as a tar, its apt sources those of the upstream image.

    Raises:
        Failure: mmdebstrap is missing or failed.
    """
    packages.need("mmdebstrap")
    with tempfile.TemporaryDirectory(prefix="authly-apt-") as directory:
        own, upstream = Path(directory, "own.list"), Path(directory, "upstream.list")
        own.write_text(host.apt_sources(), encoding="utf-8")
        upstream.write_text(host.UPSTREAM_SOURCES, encoding="utf-8")
        baked = f"--customize-hook=upload {upstream} /etc/apt/sources.list"
        command = [
            "mmdebstrap",
            *OPTIONS,
            *_apt_options(),
            baked,
            "bookworm",
            str(rootfs),
            str(own),
        ]
        progress.run(command, log)


def _apt_options() -> list[str]:
    """Return how the machine's apt reaches its mirrors; the file made of it is removed again."""
    lines = host.apt_options(host.apt_dump()).splitlines()
    return [
        f"--aptopt={line}"
        for line in lines
        if "/run/secrets/" not in line and "/dev/null" not in line
    ]
