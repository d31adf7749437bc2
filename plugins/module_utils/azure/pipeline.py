# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one HTTP pipeline of a task: retries that repeat no write, time that the caller owns, the service's clock."""

from __future__ import annotations

import functools
import threading
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from ..model.failures import NotTaken, WaitTimeout
from ..watch import WatchNow
from .credentials import SharedToken, SignInTime
from .recording import recording_of
from .sdk import (
    ARMChallengeAuthenticationPolicy,
    ContentDecodePolicy,
    CustomHookPolicy,
    HeadersPolicy,
    PipelineRequest,
    PipelineResponse,
    ProxyPolicy,
    RequestIdPolicy,
    RequestsTransport,
    RetryPolicy,
    SansIOHTTPPolicy,
    ServiceRequestError,
    UserAgentPolicy,
    get_environ_proxies,
)
from .settings import AzureSettings

USER_AGENT = "ansible-asr.failback"
_CONNECT_SECONDS, _READ_SECONDS = 15, 60
# Of a write, which rests on a look: connecting and encrypting take at most one of these each.
_CONNECT_SECONDS_OF_A_WRITE = 5
_SECONDS_TO_THE_WIRE = 2 * _CONNECT_SECONDS_OF_A_WRITE
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Of a Date. Ages are sums and differences, and the calendar ends.
_POSSIBLE_YEARS = range(2000, 3000)


class WritesOncePolicy(RetryPolicy[Any, Any]):
    """Retry reads as azure-core does, and a write never.

    azure-core sends a POST again on any error status that carries Retry-After, and on 500, 503 and 504 without. Behind
    each of those, Site Recovery may have started the job already. And what certainly was not taken, after 429 or
    without a connection, rests on a look that is older by then: whoever sent it looks again.
    """

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        """Send reads alone again where no answer came."""
        settings = super().configure_retries(options)
        settings["methods"] = _READS
        return settings

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """Say whether an answer is followed by another try."""
        return _is_read(response) and bool(super().is_retry(settings, response))


def _is_read(exchange: Any) -> bool:
    """Whether a request, or that of an answer, changes nothing."""
    return exchange.http_request.method in _READS


class RenewingTokenPolicy(ARMChallengeAuthenticationPolicy):
    """Put a token on each request; where Azure refuses it, ask for a new one and send a read once more.

    A write is not sent that had to wait for a token, nor sent again after a 401: it goes back to the look that it
    rests on.
    """

    def __init__(self, credential: SharedToken, scope: str) -> None:
        super().__init__(credential, scope)
        self._shared = credential

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send a request; a read a second time where the token that another client of the task got is old as well."""
        response: PipelineResponse[Any, Any] = super().send(request)
        if response.http_response.status_code != 401 or not _is_read(request):
            return response
        self._refuse(request)
        return super().send(request)

    def _refuse(self, request: PipelineRequest[Any]) -> None:
        """Use the token of a request no more."""
        sent = str(request.http_request.headers.get("Authorization", ""))
        self._shared.refuse(sent.removeprefix("Bearer ").strip())
        self._token = None

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Put the token on. Raises NotTaken for a write that none was there for."""
        before = self._shared.asked
        super().on_request(request)
        if self._shared.asked != before and not _is_read(request):
            raise NotTaken(
                WaitTimeout(
                    "Each attempt to send the request needed a new access token first.",
                    "It was not sent. Check the token lifetime in Microsoft Entra ID, then run the task again.",
                ),
                pause=0,
            )

    def on_challenge(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> bool:
        """Say whether the request may go out again, with what it now carries."""
        self._refuse(request)
        if not super().on_challenge(request, response):
            self.authorize_request(request, *self._scopes)
        return _is_read(request)


class WatchedTransport(RequestsTransport):  # type: ignore[misc]  # the SDK leaves it untyped
    """The requests transport. Pauses between tries are the watch's, and it says whether a write is still wanted.

    What it sends is recorded where the settings say so: here each try is seen, as it is on the wire.
    """

    is_sign_in = False

    def __init__(self, watch: WatchNow, settings: AzureSettings) -> None:
        # requests looks at REQUESTS_CA_BUNDLE of this process alone; a task's own environment arrives in settings.
        verify: bool | str = settings.ca_bundle or True
        # Of the environment, proxies alone count. A line for every machine in ~/.netrc would replace the token.
        super().__init__(
            use_env_settings=False,
            connection_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            connection_verify=verify if settings.validate_certificates else False,
        )
        self._watch = watch
        # To go through the environment takes a tenth of the time of a read, and the task's own stays as it is.
        self._proxies = functools.cache(get_environ_proxies)
        self._recording = recording_of(settings.recording, watch)

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request; one that writes only while somebody waits for it."""
        if request.method not in _READS:
            self._watch().require_wanted()
        response = super().send(request, **{"proxies": self._proxies(_origin(request.url)), **options})
        if self._recording is not None:
            # The SDK leaves it to itself to read the answer to a write; what was read once, it does not read again.
            if options.get("stream"):
                response.read()
            self._recording.keep(request, response, is_sign_in=self.is_sign_in)
        return response

    def sleep(self, duration: float) -> None:
        """Wait before another try."""
        self._watch().sleep(duration)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class SignInTransport(WatchedTransport):
    """The way to Microsoft Entra ID, and to what tells where that is. It ends when the time for a token is over."""

    is_sign_in = True

    def __init__(self, watch: WatchNow, settings: AzureSettings, time_for_it: SignInTime) -> None:
        super().__init__(watch, settings)
        self._time = time_for_it

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request, and wait for its answer as long as there is time."""
        left = self._time.left()
        if left <= 0:
            raise ServiceRequestError("there was no answer, and the time for it is over")
        limits = {"connection_timeout": min(_CONNECT_SECONDS, left), "read_timeout": min(_READ_SECONDS, left)}
        return super().send(request, **{**options, **limits})

    def sleep(self, duration: float) -> None:
        """Wait before another try."""
        self._time.wait(duration)


class FreshLookPolicy(SansIOHTTPPolicy[Any, Any]):
    """Let no write through that rests on a look which is too old, or on none. The last to see a request."""

    def __init__(self, watch: WatchNow) -> None:
        self._watch = watch

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Raises NotTaken."""
        if not _is_read(request):
            self._watch().look.require_fresh(_SECONDS_TO_THE_WIRE)
            request.context.options["connection_timeout"] = _CONNECT_SECONDS_OF_A_WRITE


class ServiceClock(SansIOHTTPPolicy[Any, Any]):
    """The time by the service's own clock, from the Date of its last answer.

    Ages (of a heartbeat, of a failover) are differences of two times of the service; this machine's clock may be wrong.
    C(watch) tells how long ago that answer was; in C(turn), one asks for all.
    """

    def __init__(self, watch: WatchNow) -> None:
        self._watch = watch
        self._date: datetime | None = None
        self._heard = float("-inf")
        self.turn = threading.Lock()

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Keep the answer's Date; one that cannot be read, or be right, says nothing."""
        stamp = response.http_response.headers.get("Date")
        if stamp:
            with suppress(ValueError, OverflowError):
                date = parsedate_to_datetime(stamp).astimezone(timezone.utc)
                if date.year in _POSSIBLE_YEARS:
                    self._date, self._heard = date, self._watch().now()

    def now(self) -> datetime:
        """Return the service's time; this machine's before the first answer."""
        return self._date or datetime.now(timezone.utc)

    def is_as_of(self, seconds: float) -> bool:
        """Say whether the service told its time within so many seconds."""
        return self._watch().now() - self._heard <= seconds


def build_policies(credential: SharedToken, scope: str, service_clock: ServiceClock, watch: WatchNow) -> list[Any]:
    """Return the policies that every client of the task shares, in the SDK's own order but for one: hooks see the
    last answer only, not those that another try follows.

    Left out on purpose: automatic registration of resource providers, which would write unasked.
    """
    return [
        RequestIdPolicy(),
        HeadersPolicy(),
        UserAgentPolicy(base_user_agent=USER_AGENT),
        ProxyPolicy(),
        CustomHookPolicy(),
        ContentDecodePolicy(),
        WritesOncePolicy(),
        RenewingTokenPolicy(credential, scope),
        service_clock,
        FreshLookPolicy(watch),
    ]
