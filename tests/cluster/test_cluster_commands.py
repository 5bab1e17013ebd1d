from pathlib import Path

import pytest

from cluster import commands, layout, residue


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "arguments",
    [["status"], ["kubeconfig"], ["load-image", "x.tar"], ["forward", "0", "a:1"], ["exec", "id"]],
)
def test_a_command_for_a_cluster_that_is_not_up_says_so_in_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("cluster: cluster authly is not up; start it with:")
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("home")
def test_a_wrong_name_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["down", "--name", "../x"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_taking_down_what_is_not_up_leaves_nothing_either(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["down"]) == 0
    assert "was not up" in capsys.readouterr().err
    assert not (home / "state" / "authly").exists()


@pytest.mark.usefixtures("home")
def test_a_node_without_root_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert commands.main(["up"]) == 1
    assert "up --control-plane" in capsys.readouterr().err
    assert not layout.clusters().exists()


@pytest.mark.parametrize("arguments", [[], ["fly"], ["load-image"], ["forward", "x", "a:1"]])
def test_a_wrong_command_line_has_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main(arguments)
    assert ended.value.code == 2


def test_the_sockets_of_killed_shims_are_found_in_their_bundles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sockets, bundle = tmp_path / "s", tmp_path / "state/io.containerd.runtime.v2.task/k8s.io/x"
    monkeypatch.setattr(residue, "SHIM_SOCKETS", sockets)
    sockets.mkdir()
    bundle.mkdir(parents=True)
    for name in ("ours", "foreign"):
        (sockets / name).touch()
    (bundle / "address").write_text(f"unix://{sockets}/ours")
    residue.remove_shim_sockets(tmp_path)
    assert [path.name for path in sockets.iterdir()] == ["foreign"]


def test_only_the_network_results_of_our_containers_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, foreign = "a" * 64, "b" * 64
    monkeypatch.setattr(residue, "CNI_RESULTS", tmp_path / "results")
    (tmp_path / "results").mkdir()
    (tmp_path / "root/io.containerd.grpc.v1.cri/sandboxes" / ours).mkdir(parents=True)
    for container in (ours, foreign):
        (tmp_path / "results" / f"authly-x-{container}-eth0").touch()
    residue.remove_network_results(tmp_path)
    assert [path.name for path in (tmp_path / "results").iterdir()] == [f"authly-x-{foreign}-eth0"]
