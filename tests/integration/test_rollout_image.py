"""Image tags: one commit on a real repository, and nothing else changed in the file."""

import dataclasses
from pathlib import Path

import pytest

import weighbridge_rollout as rollout
from tests.fix_repository import Repository

OLD, NEW, NEWER = "0" * 40, "1234567890" * 4, "a" * 40
FILE = "k8s/overlays/kind/kustomization.yaml"
OVERLAY = f"""\
# What kind says differently.
resources:
- ../../base
images:
# one for each Deployment
- {{name: serving-api-v6, newName: ghcr.io/weighbridge/weighbridge-server, newTag: "{OLD}"}}
- name: serving-api-v7  # the canary
  newName: ghcr.io/weighbridge/weighbridge-server
  newTag:   {OLD}  # as v6
- name: envoyproxy/envoy
  newTag: v1.40.0
replicas:
- {{name: serving-ingress, count: 2}}
"""


@pytest.fixture
def overlay(repository: Repository) -> Repository:
    repository.commit_by_hand(OVERLAY, "Add the overlay", path=FILE)
    return repository


def kind(repository: Repository) -> rollout.Environment:
    return dataclasses.replace(
        repository.environment(), name="kind", overlay="k8s/overlays/kind", file=Path("e.yaml")
    )


def test_one_deployment_first(overlay: Repository) -> None:
    change = rollout.set_images(
        kind(overlay), NEW, ["serving-api-v7"], reason="The canary goes first."
    )
    assert overlay.read(FILE) == OVERLAY.replace(f"{OLD}  # as v6", f'"{NEW}"  # as v6')
    assert len(overlay.changed_lines()) == 2
    assert change.commit is not None
    assert change.commit.subject == "Run 1234567890 in kind: serving-api-v7"
    assert change.commit.trailers["Weighbridge-Image"] == (
        f"serving-api-v7 ghcr.io/weighbridge/weighbridge-server:{NEW}",
    )
    assert "The canary goes first." in change.commit.body
    assert [image.tag for image in change.before] == [OLD]
    assert (change.synced_s, change.notes) == (None, ()), "there is no Argo CD here"


def test_all_of_the_product_s_images_and_no_other(overlay: Repository) -> None:
    rollout.set_images(kind(overlay), NEW)
    change = rollout.set_images(kind(overlay), NEWER)
    assert overlay.message().startswith("Run aaaaaaaaaa in kind: 2 images\n")
    assert [image.name for image in change.before] == ["serving-api-v6", "serving-api-v7"]
    found = rollout.list_images(kind(overlay))
    assert [(image.name, image.tag) for image in found] == [
        ("serving-api-v6", NEWER),
        ("serving-api-v7", NEWER),
    ]
    assert "newTag: v1.40.0" in overlay.read(FILE)


def test_setting_what_is_set_writes_nothing(overlay: Repository) -> None:
    tip = overlay.tip()
    change = rollout.set_images(kind(overlay), OLD)
    assert change.commit is None
    assert change.before == ()
    assert overlay.tip() == tip


def test_only_those_that_differ_are_told(overlay: Repository) -> None:
    rollout.set_images(kind(overlay), NEW, ["serving-api-v7"])
    change = rollout.set_images(kind(overlay), NEW)
    assert [image.name for image in change.before] == ["serving-api-v6"]


@pytest.mark.parametrize("tag", ["latest", "main", "1.2.3", "v1.2", NEW[:12], NEW.upper(), ""])
def test_a_tag_that_may_move_is_refused(overlay: Repository, tag: str) -> None:
    tip = overlay.tip()
    if tag == NEW.upper():  # digits alone have no upper case
        tag = NEWER.upper()
    with pytest.raises(rollout.ImageError, match=r"git rev-parse HEAD.*v1\.2\.3"):
        rollout.set_images(kind(overlay), tag)
    assert overlay.tip() == tip


def test_a_release_is_a_tag_too(overlay: Repository) -> None:
    rollout.set_images(kind(overlay), "v1.2.3")
    assert overlay.message().startswith("Run v1.2.3 in kind: 2 images\n")


def test_an_unknown_deployment_lists_the_known(overlay: Repository) -> None:
    with pytest.raises(rollout.ImageError, match=r"image v8 .*known: serving-api-v6, serving-api"):
        rollout.set_images(kind(overlay), NEW, ["serving-api-v7", "v8"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resources: []\n", "no image is set"),
        ("images: [\n", "is not YAML"),
        (f"images:\n- {{name: a, newName: b, newTag: '{OLD}', digest: 'sha256:0'}}\n", "no digest"),
        ("images:\n- {name: a, newTag: x}\n", "line 2: a needs newName and newTag"),
        (
            f"images:\n- {{name: a, newName: b, newTag: &tag '{OLD}'}}\n"
            "- {name: c, newName: b, newTag: *tag}\n",
            "edit the file by hand",
        ),
    ],
)
def test_a_file_that_cannot_be_edited_is_told(repository: Repository, text: str, said: str) -> None:
    repository.commit_by_hand(text, path=FILE)
    tip = repository.tip()
    with pytest.raises(rollout.ImageError, match=said):
        rollout.set_images(kind(repository), NEW, ["a"])
    assert repository.tip() == tip


def test_who_was_first_is_told(overlay: Repository) -> None:
    """Another one changes the file between our reading and our push."""
    text = overlay.read(FILE).replace("count: 2", "count: 3")
    script = f"""
    test -e "$GIT_DIR/raced" && exit 0
    touch "$GIT_DIR/raced"
    unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    mkdir -p "$GIT_DIR/other" && cd "$GIT_DIR/other" && unset GIT_DIR
    git clone --quiet {overlay.bare} . && cat > {FILE} <<'E'
{text}E
    git -c user.name=Bob -c user.email=b@example.org commit --quiet --all --message='Three'
    git push --quiet origin main
    """
    overlay.write_hook("pre-receive", script)
    with pytest.raises(rollout.MovedError, match=r"nothing was written.*Three.*by Bob"):
        rollout.set_images(kind(overlay), NEW)
    assert overlay.read(FILE) == text


def test_a_file_of_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text(OVERLAY)
    change = rollout.set_images_in_file(file, NEW, ["serving-api-v6"])
    assert file.read_text() == OVERLAY.replace(f'"{OLD}"', f'"{NEW}"')
    assert (change.path, change.commit) == (str(file), None)
    assert {image.tag for image in rollout.list_images_in_file(file)} == {OLD, NEW}
    with pytest.raises(rollout.ImageError, match="cannot be read"):
        rollout.list_images_in_file(tmp_path / "none.yaml")
