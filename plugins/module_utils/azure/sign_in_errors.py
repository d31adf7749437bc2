# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What helps where Microsoft Entra ID refuses a sign-in, by the AADSTS number (Microsoft documentation)."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"AADSTS(\d+)")
_SIGN_IN_LOG = "The Entra ID sign-in log names the policy and the reason."
_CONDITIONS = (
    "A Conditional Access policy blocks this sign-in, whatever the credential. Have the policy exclude the caller, or "
    f"run under conditions that it allows. {_SIGN_IN_LOG}"
)
_SECOND_FACTOR = (
    "A Conditional Access policy asks for multi-factor authentication, which a task cannot give. Sign in as a service "
    f"principal or a managed identity, or run 'az login' and use auth_source cli. {_SIGN_IN_LOG}"
)
_NO_SUCH_CLIENT = "Check client_id and tenant: the application is not in this tenant, or it was deleted."
_REVOKED = (
    "Azure has ended the session of this token (continuous access evaluation): the caller was disabled, its password "
    "or policy changed, or it asks from an address that Conditional Access does not allow. Sign in from another."
)
_CREDENTIAL = "Check tenant, client_id and the secret or certificate, and that the secret has not expired."
_REMEDIES = {
    **dict.fromkeys(("53000", "53001", "53002", "53003", "53004", "53011", "530035"), _CONDITIONS),
    **dict.fromkeys(("50072", "50074", "50076", "50079", "50158"), _SECOND_FACTOR),
    **dict.fromkeys(("700016", "7000229"), _NO_SUCH_CLIENT),
    "90002": "Check tenant and cloud_environment: there is no such tenant in this cloud.",
    "7000112": "The application is disabled: have it enabled.",
    "50057": "The account is disabled: have it enabled.",
    "50053": "The account is locked, or its address is blocked. Wait, and find out who tries the wrong password.",
    "50126": "Check ad_user and password.",
    "7000215": "Check the secret: it is the value that is needed, not the id. It may be that of another application.",
    "7000222": "Make a new secret: this one has expired.",
    "700024": "Set the clock of the machine that runs the task: the assertion is outside its validity period.",
    "700027": "Check the certificate: the application does not know it, or it has expired.",
}
# What Azure says where it refuses a token that has not expired.
_CONTINUOUS_ACCESS = "continuous access evaluation"


def is_refusal(words: str) -> bool:
    """Whether Entra ID has spoken: an error of it, not of the way to it."""
    return _NUMBER.search(words) is not None


def remedy_for(words: str) -> str:
    """Return what to do about a refused credential or token, by the words of the refusal."""
    if _CONTINUOUS_ACCESS in words.lower():
        return _REVOKED
    numbers = _NUMBER.findall(words)
    return next((_REMEDIES[number] for number in numbers if number in _REMEDIES), _CREDENTIAL)
