"""All settings: one `cwbridge.toml`, each value also as `CWBRIDGE_<SECTION>__<NAME>`, secrets also as files.

Order of precedence: what the program passes, environment, secret files (`/run/secrets`, systemd's credentials directory), the
TOML file named by CWBRIDGE_CONFIG (default `cwbridge.toml` in the working directory), defaults. Unknown names and wrong types
are refused with the name of the setting as the user wrote it.
"""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import pydantic_settings
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from cwbridge import errors
from cwbridge.limits.rate import Rate

PREFIX = "CWBRIDGE_"
_NESTED = "__"
_NOT_SETTINGS = frozenset({"CWBRIDGE_CONFIG", "CWBRIDGE_SPEC"})
_SECONDS_OF = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}


def _rate(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


def _duration(value: object) -> object:
    """`250ms`, `10s`, `5m`, `6h`, `30d`; a bare number is refused because its unit would be a guess."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip().lower()
    unit = next((unit for unit in ("ms", "s", "m", "h", "d") if text.endswith(unit)), None)
    number = text.removesuffix(unit).strip() if unit else ""
    if unit is None or not number.replace(".", "", 1).isdecimal():
        raise ValueError("a duration is written with its unit, like 250ms, 10s, 5m, 6h or 30d")
    return timedelta(seconds=float(Decimal(number) * _SECONDS_OF[unit]))


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("an address is written HOST:PORT, like 127.0.0.1:8480 (port 0 takes any free one)")
    return value


def _http_url(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("an address starts with https:// (or http:// on this machine)")
    host = value.split("://", 1)[1].split("/", 1)[0].rsplit("@", 1)[-1]
    if value.startswith("http://") and not host.startswith(("127.", "localhost", "[::1]")):
        raise ValueError("keys are only sent over https://; http:// is taken for this machine alone")
    return value.rstrip("/")


def _fillable(template: str, *places: str) -> str:
    try:
        template.format(**dict.fromkeys(places, ""))
    except (KeyError, IndexError, ValueError) as problem:
        named = ", ".join(f"{{{place}}}" for place in places)
        raise ValueError(f"the places of this template are {named}") from problem
    return template


RateSetting = Annotated[pydantic.InstanceOf[Rate], BeforeValidator(_rate)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Listen = Annotated[str, AfterValidator(_listen)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Section(pydantic.BaseModel):
    """A table of the settings file: frozen, and no name in it is unknown."""

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True
    )


class RedisSettings(Section):
    url: SecretStr | None = None
    """`redis://`, `rediss://` or `unix://`; unset: an embedded server keeps its data in the state directory."""


class JetbuiltSettings(Section):
    url: HttpUrl | None = None
    api_key: SecretStr | None = None
    rate_limit: RateSetting = Rate(50, 10.0)
    concurrency: int = Field(default=6, ge=1, le=64)
    poll_interval: Duration = timedelta(seconds=15)
    poll_overlap: Duration = timedelta(minutes=2)
    full_pass_interval: Duration = timedelta(hours=6)

    @property
    def switched_on(self) -> bool:
        return self.url is not None


class ConnectWiseSettings(Section):
    url: HttpUrl | None = None
    company_id: str | None = None
    public_key: SecretStr | None = None
    private_key: SecretStr | None = None
    client_id: SecretStr | None = None
    api_version: str = "2025.1"
    rate_limit: RateSetting = Rate(600, 60.0)
    concurrency: int = Field(default=6, ge=1, le=64)
    default_sales_rep: str | None = None

    @property
    def switched_on(self) -> bool:
        return self.url is not None


class StageTarget(Section):
    """What a Jetbuilt stage means in ConnectWise, by the names of its set-up tables; what is not named is left alone."""

    stage: str | None = None
    status: str | None = None
    probability: int | None = Field(default=None, ge=0, le=100)


class OfficeTarget(Section):
    """Where the opportunities of a Jetbuilt office belong in ConnectWise."""

    location: str | None = None
    department: str | None = None


class OpportunitySettings(Section):
    line_strategy: Literal["recreate", "changed"] = "recreate"
    name_template: str = "{custom_id} {name}"
    option_name_template: str = "{parent} / {name}"
    type_project: str = "Jetbuilt Project"
    type_option: str = "Jetbuilt Option"
    type_change_order: str = "Jetbuilt Change Order"
    skip_stages: tuple[str, ...] = ()
    stages: dict[str, StageTarget] = {}
    offices: dict[str, OfficeTarget] = {}
    close_after: Duration = timedelta(days=30)
    fallback_contact: str = "Main Contact"
    fallback_site: str = "Main"
    site: Literal["office", "project"] = "office"
    currency: Literal["by_code", "leave"] = "by_code"
    owner_furnished: Literal["no_charge", "leave_out"] = "no_charge"
    foreign_lines: Literal["keep", "remove"] = "keep"
    drift: Literal["report", "repair"] = "report"
    finished_status: str | None = None
    inventory_probe: Duration = timedelta(minutes=5)
    apply_concurrency: int = Field(default=6, ge=1, le=32)

    @pydantic.field_validator("name_template")
    @classmethod
    def _known_places(cls, template: str) -> str:
        return _fillable(template, "custom_id", "name", "id", "version")

    @pydantic.field_validator("option_name_template")
    @classmethod
    def _known_option_places(cls, template: str) -> str:
        return _fillable(template, "parent", "name", "id")


class FixedSettings(Section):
    """Values written into every new record of a kind, for fields that this tenant demands and Jetbuilt does not know.

    A text, number or boolean is written as it is; a reference is written as a table such as `{id = 5}`.
    """

    opportunity: dict[str, Any] = {}
    product: dict[str, Any] = {}
    catalog: dict[str, Any] = {}
    company: dict[str, Any] = {}
    contact: dict[str, Any] = {}


class CatalogSettings(Section):
    category: str = "Jetbuilt"
    subcategory_equipment: str = "Equipment"
    subcategory_labor: str = "Labor"
    subcategory_subcontract_labor: str = "Subcontract Labor"
    subcategory_shipping: str = "Shipping"
    subcategory_service: str = "Service Packages"
    type_equipment: str = "Equipment"
    type_labor: str = "Labor"
    type_other: str = "Other Charges"
    unit_of_measure: str = "Each"
    item_types: dict[str, str] = {}
    """Jetbuilt item type -> sub-category of its equipment; types not named go to `subcategory_equipment`."""
    inactive_items: Literal["qualify", "reactivate", "refuse"] = "qualify"
    found_for: Duration = timedelta(hours=12)


class QueueSettings(Section):
    concurrency: int = Field(default=8, ge=1, le=128)
    debounce: Duration = timedelta(seconds=1)
    lease: Duration = timedelta(seconds=15)
    attempts: int = Field(default=8, ge=1, le=100)
    backoff: Duration = timedelta(seconds=5)
    backoff_most: Duration = timedelta(minutes=15)
    kills: int = Field(default=3, ge=1, le=20)
    drain: Duration = timedelta(seconds=25)


class HttpSettings(Section):
    listen: Listen = "127.0.0.1:8480"
    timeout: Duration = timedelta(seconds=60)
    most_body_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Settings(pydantic_settings.BaseSettings):
    """The whole configuration; build it with `load`, which gives errors a person can act on."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=_NESTED,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    namespace: str = Field(default="cwbridge", pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    state_dir: Path = Path(".state")
    redis: RedisSettings = RedisSettings()
    jetbuilt: JetbuiltSettings = JetbuiltSettings()
    connectwise: ConnectWiseSettings = ConnectWiseSettings()
    opportunity: OpportunitySettings = OpportunitySettings()
    fixed: FixedSettings = FixedSettings()
    catalog: CatalogSettings = CatalogSettings()
    queue: QueueSettings = QueueSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[pydantic_settings.BaseSettings],
        init_settings: pydantic_settings.PydanticBaseSettingsSource,
        env_settings: pydantic_settings.PydanticBaseSettingsSource,
        dotenv_settings: pydantic_settings.PydanticBaseSettingsSource,  # noqa: ARG003 - not a source of ours
        file_secret_settings: pydantic_settings.PydanticBaseSettingsSource,
    ) -> tuple[pydantic_settings.PydanticBaseSettingsSource, ...]:
        secrets = pydantic_settings.NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=_secret_directories(),
            secrets_dir_missing="ok",
            secrets_prefix=PREFIX,
            secrets_nested_delimiter=_NESTED,
        )
        toml = pydantic_settings.TomlConfigSettingsSource(settings_cls, toml_file=_settings_file())
        return init_settings, env_settings, secrets, toml


def load(**given: Any) -> Settings:
    """Read all settings; raises SettingsError whose one line names the setting and the remedy."""
    _refuse_unknown_variables()
    path = _settings_file()
    if "CWBRIDGE_CONFIG" in os.environ and not path.is_file():
        raise errors.SettingsError(
            f"CWBRIDGE_CONFIG names {path}, which does not exist",
            remedy="Correct the path or unset the variable.",
        )
    try:
        return Settings(**given)
    except pydantic.ValidationError as problem:
        raise _explained(problem) from None
    except (pydantic_settings.SettingsError, ValueError) as problem:
        raise errors.SettingsError(f"{path} or a CWBRIDGE_ variable cannot be read: {problem}") from None


def require_jetbuilt(settings: Settings) -> None:
    """Raise SettingsError unless Jetbuilt is switched on with everything it needs."""
    _require("jetbuilt", settings.jetbuilt, ("url", "api_key"))


def require_connectwise(settings: Settings) -> None:
    """Raise SettingsError unless ConnectWise is switched on with everything it needs."""
    needed = ("url", "company_id", "public_key", "private_key", "client_id")
    _require("connectwise", settings.connectwise, needed)


def variable(*path: str) -> str:
    """The environment name of a setting: `variable("redis", "url")` is CWBRIDGE_REDIS__URL."""
    return PREFIX + _NESTED.join(part.upper() for part in path)


def _require(name: str, section: Section, needed: tuple[str, ...]) -> None:
    for field in needed:
        if not getattr(section, field):
            raise errors.SettingsError(
                f"{variable(name, field)} is missing",
                remedy=f"Set it, or `{field}` in the [{name}] table of cwbridge.toml, or a secret file of that name.",
            )


def _settings_file() -> Path:
    return Path(os.environ.get("CWBRIDGE_CONFIG", "cwbridge.toml"))


def _secret_directories() -> list[Path]:
    systemd = os.environ.get("CREDENTIALS_DIRECTORY")
    return [Path("/run/secrets"), *([Path(systemd)] if systemd else [])]


def _refuse_unknown_variables() -> None:
    """pydantic-settings passes over unknown top-level variables; a typing mistake must not."""
    known = {name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if not name.upper().startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        if name.upper().removeprefix(PREFIX).split(_NESTED, 1)[0] not in known:
            raise errors.SettingsError(f"{name} is not a setting", remedy="Correct or unset the variable.")


def _explained(problem: pydantic.ValidationError) -> errors.SettingsError:
    first, *others = problem.errors(include_url=False, include_input=False, include_context=False)
    path = [str(part) for part in first["loc"]]
    name = variable(*path) if _in_environment(path) else f"{'.'.join(path)} ({variable(*path)})"
    reason = {
        "extra_forbidden": "is not a setting",
        "missing": "is missing",
    }.get(first["type"], f"cannot be used: {first['msg'].removeprefix('Value error, ')}")
    more = f"; {len(others)} more setting(s) cannot be used either" if others else ""
    return errors.SettingsError(f"{name} {reason}{more}")


def _in_environment(path: list[str]) -> bool:
    return variable(*path) in {name.upper() for name in os.environ}
