"""Signatures that are too old, or not yet valid, are refused as AWS itself refuses them."""

from localaws import clock as clocks
from localaws.errors import Refusal


def check(call, clock, life_s):
    """Raises the service's error when `call` was signed more than `life_s` before or after now.

    It is called at the moment of effect. A request that was held up on its way is judged by
    the time at which it would change the world: that is what makes a late one harmless.
    """
    signed = clocks.parse_basic(call.signed_at)
    if signed is None:
        return
    now = clock.now(call.region)
    if now - signed > life_s:
        raise _refusal(call, _expired(call.signed_at, now, life_s))
    if signed - now > life_s:
        raise _refusal(call, _early(call.signed_at, now, life_s))


def _span(life_s):
    return f"{life_s // 60:.0f} min." if life_s % 60 == 0 else f"{life_s:g} s."


def _expired(signed_at, now, life_s):
    limit, text = clocks.basic(now - life_s), clocks.basic(now)
    return f"Signature expired: {signed_at} is now earlier than {limit} ({text} - {_span(life_s)})"


def _early(signed_at, now, life_s):
    limit, text = clocks.basic(now + life_s), clocks.basic(now)
    return (
        f"Signature not yet current: {signed_at} is still later than {limit}"
        f" ({text} + {_span(life_s)})"
    )


def _refusal(call, message):
    if call.service == "ec2":
        return Refusal("RequestExpired", f"Request has expired. {message}", 400)
    if call.service == "s3":
        words = "The difference between the request time and the current time is too large."
        return Refusal("RequestTimeTooSkewed", words, 403)
    if call.protocol in ("json", "cbor"):
        return Refusal("InvalidSignatureException", message, 400)
    if call.protocol == "rest-json":
        return Refusal("InvalidSignatureException", message, 403)
    return Refusal("SignatureDoesNotMatch", message, 403)
