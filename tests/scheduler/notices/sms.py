"""How many SMS a text takes (3GPP TS 23.038: 160 of the 7-bit alphabet or 70 of UCS-2, less in parts)."""

_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = set("^{}\\[~]|€\f")


def sms_parts(text: str) -> int:
    if set(text) <= _BASIC | _EXTENDED:
        units, one, more = len(text) + sum(c in _EXTENDED for c in text), 160, 153
    else:
        units, one, more = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= one else -(-units // more)
