"""The fixed demo credentials of the stand-ins; they open nothing outside this package."""

from __future__ import annotations

from typing import Final

JETBUILT_API_KEY: Final = "demo-jetbuilt-key-not-a-secret"

CONNECTWISE_COMPANY_ID: Final = "demo_integrator"
CONNECTWISE_PUBLIC_KEY: Final = "DemoPublicKey00"
CONNECTWISE_PRIVATE_KEY: Final = "DemoPrivateKey0"
CONNECTWISE_CLIENT_ID: Final = "00000000-0000-4000-8000-00000000d0e0"

BSS_CLIENT_KEY: Final = "demo-bss-client-key"
BSS_CLIENT_SECRET: Final = "demo-bss-client-secret"
BSS_USERNAME: Final = "api.user@halcyoncloud.example"
BSS_PASSWORD: Final = "demo bss pass+word&100%"

CONTROL_KEY: Final = "demo-control-key"
