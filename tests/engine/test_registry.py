"""`image add NAME --from REGISTRY/NAME` against a real registry on the loopback: Debian's docker-registry, filled by skopeo.

Only `make test-stand-ins` runs this: it installs both (setup/debian-packages-registry.txt).
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.lab.errors import NodeError
from explorer.lab.hosts import stocking
from explorer.lab.images import BOX, shelf, tar
from tests.engine.conftest import aside
from tests.image_archive import save

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
CONFIG = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {data}}}}}
http:
  addr: 127.0.0.1:{port}
  tls: {{certificate: {certificate}, key: {key}}}
"""
MAKE_CERTIFICATE = (
    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=registry"),
    *("-addext", "subjectAltName=IP:127.0.0.1"),
)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def registry(tmp_path_factory, lab_config):
    """The address of a registry that has `shop/app:1`, an image with the files of `box`. skopeo trusts its certificate."""
    for program in ("docker-registry", "skopeo", "openssl"):
        assert shutil.which(program), f"{program} is not installed: setup/debian-packages-registry.txt"
    place = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key, certificate = place / "key.pem", place / "certificate.pem"
    subprocess.run([*MAKE_CERTIFICATE, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    (place / "config.yml").write_text(CONFIG.format(data=place / "data", port=port, certificate=certificate, key=key))
    process = subprocess.Popen(["docker-registry", "serve", str(place / "config.yml")])
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("SSL_CERT_FILE", str(certificate))
        try:
            until = time.monotonic() + 30
            while not answers(port):
                assert process.poll() is None, "the registry ended"
                assert time.monotonic() < until, "the registry does not answer"
                time.sleep(0.2)
            archive = save(place / "app.tar", "shop/app:1", Path(tar(lab_config, BOX)).read_bytes(), {"made.by": "tests"})
            fill = ["skopeo", "copy", "--quiet", f"docker-archive:{archive}", f"docker://127.0.0.1:{port}/shop/app:1"]
            subprocess.run(fill, check=True)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def test_an_image_comes_from_the_registry_onto_hosts_of_each_version(registry, lab_config, open_one, engine_version, shell):
    put = aside(stocking.add, lab_config, "app:1", f"{registry}/shop/app:1", lambda line: None, ("nginx",))
    try:
        assert (put.reference, put.answers_to, put.source) == ("app:1", ("nginx:latest",), f"{registry}/shop/app:1")
        name = open_one(engine=engine_version)[0]
        status, said = shell(
            "h1", "docker run --rm nginx cat /etc/nsswitch.conf >/dev/null && docker run --rm app:1 echo here", name
        )
        assert (status, said) == (0, "here\n")
        assert shell("h1", "docker image inspect app:1 --format '{{.Config.Labels}}'", name)[1] == "map[made.by:tests]\n"
    finally:
        aside(stocking.remove, lab_config, "app:1")


@pytest.mark.parametrize(
    ("what", "image_mb", "sentence", "detail"),
    [
        ("shop/other:1", 1000, "shop/other:1 could not be had from its registry.", "unknown"),
        ("shop/app:2", 1000, "shop/app:2 could not be had from its registry.", "unknown"),
        ("shop/app:1", 16, "shop/app:1 is larger than an image may be.", "EXPLORER_IMAGE_MB is 16"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(registry, lab_config, what, image_mb, sentence, detail):
    before = shelf.images(lab_config)
    with pytest.raises(NodeError) as refused:
        aside(stocking.add, replace(lab_config, image_mb=image_mb), "app:1", f"{registry}/{what}", lambda line: None)
    assert str(refused.value).endswith(sentence), refused.value
    assert detail in refused.value.detail
    assert shelf.images(lab_config) == before


def test_a_registry_that_is_not_there_is_one_sentence(lab_config):
    with pytest.raises(NodeError, match="could not be had from its registry") as refused:
        aside(stocking.add, lab_config, "app:1", "127.0.0.1:1/shop/app:1", lambda line: None)
    assert "refused" in refused.value.detail
