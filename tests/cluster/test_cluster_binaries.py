from pathlib import Path

import pytest

from cluster import binaries, packages, programs, refusal


@pytest.fixture
def module(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> binaries.Program:
    monkeypatch.setattr("cluster.layout.SOURCE", tmp_path)
    assert home == tmp_path
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "go.mod").write_text("module small\n\ngo 1.24.0\n")
    (tmp_path / "small" / "main.go").write_text("package main\n\nfunc main() {}\n")
    return binaries.Program("small", ".", "Building", 5)


def test_a_change_of_the_source_changes_the_key(module: binaries.Program) -> None:
    before = binaries.key(module)
    (module.source / "main.go").write_text("package main\n\nfunc main() { println() }\n")
    assert binaries.key(module) != before


def test_a_file_that_is_not_built_leaves_the_key_alone(module: binaries.Program) -> None:
    before = binaries.key(module)
    (module.source / "README").write_text("x")
    assert binaries.key(module) == before


def test_a_module_is_built_once(module: binaries.Program) -> None:
    binary = binaries.ensure(module)
    made = binary.stat().st_mtime_ns
    assert binaries.ensure(module).stat().st_mtime_ns == made
    assert programs.attempt(binary).returncode == 0


def test_a_build_that_fails_says_why_and_leaves_no_binary(module: binaries.Program) -> None:
    (module.source / "main.go").write_text("package main\n\nfunc main() { wrong() }\n")
    with pytest.raises(refusal.Refusal, match="undefined: wrong"):
        binaries.ensure(module)
    assert not binaries.path_of(module).exists()


def test_a_missing_toolchain_is_named(
    module: binaries.Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(programs, "SYSTEM_DIRECTORIES", ())
    with pytest.raises(refusal.Refusal, match=r"Go 1\.24\.0 or newer is needed"):
        binaries.ensure(module)


def test_a_toolchain_too_old_is_named(
    module: binaries.Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    (module.source / "go.mod").write_text("module small\n\ngo 9.9\n")
    with pytest.raises(refusal.Refusal, match=r"is too old: install Go 9\.9"):
        binaries.ensure(module)


def test_versions_are_compared_by_their_numbers() -> None:
    assert binaries.numbers("go1.9") < binaries.numbers("1.26.0") < binaries.numbers("go1.26.8")


def test_the_linker_is_told_the_version_of_kubernetes() -> None:
    module = (binaries.NODE.source / "go.mod").read_text()
    version = "k8s.io/component-base/version"
    assert f"-X {version}.gitMajor=1 -X {version}.gitMinor=35" in binaries.flags(module)


def test_missing_programs_are_named_by_their_packages() -> None:
    assert packages.missing({"no-such-program": "b", "nor-this": "a", "sh": "dash"}) == ["a", "b"]


def test_who_may_not_install_is_told_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(refusal.Refusal, match=r"apt-get install .* missing-thing"):
        packages.ensure({"no-such-program": "missing-thing"})
