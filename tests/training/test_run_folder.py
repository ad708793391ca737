"""A run's folder is where the user meant it, or one line says why not."""

import pytest

from charrnn.training import run_folder
from charrnn.training.places import exists


@pytest.mark.parametrize("name", [".", "..", "./", "../"])
def test_the_working_folder_is_not_renamed(name, tmp_path, monkeypatch):
    folder = tmp_path / "run" / "inside"
    folder.mkdir(parents=True)
    (folder / "model.keras").touch()
    (folder.parent / "model.keras").touch()
    monkeypatch.chdir(folder)
    path = type(folder)(name)
    with pytest.raises(ValueError, match="the folder you are in"):
        run_folder.check_is_run(path)
    with pytest.raises(ValueError, match="the folder you are in"):
        run_folder.check_is_run(path.absolute())


@pytest.mark.parametrize("inside", [(), ("run",), ("a", "b")])
def test_a_link_to_nowhere_is_named(inside, tmp_path):
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    with pytest.raises(ValueError, match="link' is a link to 'nowhere'"):
        exists(link.joinpath(*inside))


def test_a_link_to_a_folder_is_that_folder(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    assert exists(tmp_path / "link")
    assert not exists(tmp_path / "link" / "new")


@pytest.mark.parametrize("name", sorted(run_folder.WRITTEN_FIRST))
def test_a_run_killed_before_its_first_checkpoint_may_begin_anew(
    name, tmp_path
):
    (tmp_path / name).touch()
    (tmp_path / ".soft-targets.123.tmp.npy").touch()
    run_folder.check_is_run(tmp_path)
    assert run_folder.saved(tmp_path, pytest.fail) == (None, None)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    (tmp_path / "letter.txt").touch()
    for refuses in (run_folder.check_is_run, run_folder.saved):
        with pytest.raises(ValueError, match="Expected a"):
            refuses(tmp_path)
