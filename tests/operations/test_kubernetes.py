"""The manifests: kustomize builds each overlay, the result is valid, and every hardening that the pages promise is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cwbridge.settings.sections import QueueSettings
from tests.support import commands

pytestmark = pytest.mark.operations

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("example", "with-redis")
SECRETS = {
    "jetbuilt__api_key": "key",
    "connectwise__public_key": "public",
    "connectwise__private_key": "private",
    "connectwise__client_id": "client",
    "redis__url": "unix:///nonexistent/redis.sock",
    "http__token": "a-long-word-for-the-log-in",
}
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifests with secrets beside them, as an integrator has them."""
    copy = tmp_path_factory.mktemp("kubernetes") / "kubernetes"
    shutil.copytree(FOLDER, copy)
    for name, value in SECRETS.items():
        (copy / "overlays" / "example" / "secrets" / name).write_text(value, "utf-8")
    return copy


def built(folder: Path, overlay: str) -> list[Manifest]:
    kubectl = Path(sys.executable).with_name("kubectl")
    arguments = [str(kubectl), "kustomize", str(folder / "overlays" / overlay)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests if one["kind"] == kind}


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for kind in ("Deployment", "StatefulSet"):
        for name, one in of_kind(manifests, kind).items():
            yield name, one["spec"]["template"]["spec"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_valid(folder: Path, overlay: str) -> None:
    version = ".".join(str(kubernetes_validate.latest_version()).split(".")[:2])
    for manifest in built(folder, overlay):
        if manifest["kind"] != "PodMonitor":
            kubernetes_validate.validate(manifest, version, strict=True)


def test_the_validation_can_say_no(folder: Path) -> None:
    worker = of_kind(built(folder, "example"), "Deployment")["cwbridge-worker"]
    worker["spec"]["replicaz"] = 2
    version = ".".join(str(kubernetes_validate.latest_version()).split(".")[:2])
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(worker, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_hardened(folder: Path, overlay: str) -> None:
    found = list(pods(built(folder, overlay)))
    assert len(found) == 2 + (overlay == "with-redis")
    for _, pod in found:
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
            assert container["resources"]["limits"]["memory"]
            assert ":latest" not in container["image"]
            assert ":" in container["image"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_both_services_run_twice_and_one_of_each_always_stays(folder: Path, overlay: str) -> None:
    manifests = built(folder, overlay)
    budgets = of_kind(manifests, "PodDisruptionBudget")
    for name in ("cwbridge-producers", "cwbridge-worker"):
        deployment = of_kind(manifests, "Deployment")[name]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["replicas"] == 2
        assert budgets[name]["spec"]["minAvailable"] == 1
        assert budgets[name]["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_a_pod_gets_more_time_to_end_than_a_worker_takes(folder: Path) -> None:
    for name, pod in pods(built(folder, "example")):
        longest = QueueSettings().shutdown_timeout.total_seconds()
        assert pod["terminationGracePeriodSeconds"] > longest + 10, name


def test_liveness_asks_for_the_event_loop_and_readiness_for_redis(folder: Path) -> None:
    for _, pod in pods(built(folder, "example")):
        (container,) = pod["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_secrets_are_files_and_no_variables(folder: Path) -> None:
    manifests = built(folder, "example")
    (secret,) = [
        one for name, one in of_kind(manifests, "Secret").items() if name.startswith("cwbridge-secrets")
    ]
    assert set(secret["data"]) == {f"cwbridge_{name}" for name in SECRETS}
    for _, pod in pods(manifests):
        (container,) = pod["containers"]
        assert not any("valueFrom" in one or "envFrom" in container for one in container["env"])
        mounted = {one["mountPath"] for one in container["volumeMounts"] if one.get("readOnly")}
        assert {"/run/secrets", "/etc/cwbridge"} <= mounted
        (volume,) = [one for one in pod["volumes"] if one["name"] == "secrets"]
        assert volume["secret"]["secretName"] == secret["metadata"]["name"]


def test_the_network_lets_in_the_monitoring_and_lets_out_what_is_needed(folder: Path) -> None:
    manifests = built(folder, "with-redis")
    policies = of_kind(manifests, "NetworkPolicy")
    policy = policies["cwbridge"]["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 443, 6379, 26379}
    assert policies["cwbridge-redis"]["spec"]["egress"] == []
    labels = of_kind(manifests, "Deployment")["cwbridge-worker"]["spec"]["template"]["metadata"]["labels"]
    (rule,) = policies["cwbridge-redis"]["spec"]["ingress"]
    assert rule["from"][0]["podSelector"]["matchLabels"].items() <= labels.items()


def test_the_redis_beside_it_keeps_its_data_and_evicts_nothing(folder: Path) -> None:
    redis = of_kind(built(folder, "with-redis"), "StatefulSet")["cwbridge-redis"]["spec"]
    given = redis["template"]["spec"]["containers"][0]["args"]
    options = dict(zip(given[1::2], given[2::2], strict=True))
    assert (options["--appendonly"], options["--maxmemory-policy"]) == ("yes", "noeviction")
    assert redis["volumeClaimTemplates"]


def test_prometheus_finds_the_pods_under_the_job_of_the_rules(folder: Path) -> None:
    manifests = built(folder, "example")
    spec = of_kind(manifests, "PodMonitor")["cwbridge"]["spec"]
    (endpoint,) = spec["podMetricsEndpoints"]
    assert (endpoint["path"], endpoint["port"]) == ("/metrics", "http")
    assert {"targetLabel": "job", "replacement": "cwbridge"} in endpoint["relabelings"]
    (expression,) = spec["selector"]["matchExpressions"]
    for deployment in of_kind(manifests, "Deployment").values():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert labels[expression["key"]] in expression["values"]


@pytest.mark.parametrize("service", ["producers", "worker"])
async def test_the_settings_of_the_example_start_both_services(
    folder: Path, tmp_path: Path, service: str
) -> None:
    settings = of_kind(built(folder, "example"), "ConfigMap")
    (text,) = [one["data"]["cwbridge.toml"] for one in settings.values()]
    (tmp_path / "cwbridge.toml").write_text(text, "utf-8")
    env = {f"CWBRIDGE_{name.upper()}": value for name, value in SECRETS.items()}
    ended = await commands.run(service, env={**env, "CWBRIDGE_HTTP__LISTEN": "0.0.0.0:0"}, cwd=tmp_path)
    # Everything is understood; only the Redis of the test does not exist.
    assert "Redis named by CWBRIDGE_REDIS__URL cannot be used" in ended.err
    assert ended.code == 1
