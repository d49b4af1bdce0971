"""Exact decimals as (integer, places): text without a float anywhere."""
from decimal import Context, Decimal

EXACT = Context(prec=200)  # the usual 28 digits would round


def fixed(units, places, pad=None):
    """fixed(150, 2) is "1.50"; `pad` adds zeros up to that many places, as an exchange prints."""
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), 10**places)
    text = f"{rest:0{places}d}" if places else ""
    if pad is not None:
        text += "0" * (pad - places)
    return f"{sign}{whole}.{text}" if text else f"{sign}{whole}"


def trimmed(units, places):
    """The shortest decimal: trimmed(1500, 2) is "15"."""
    text = fixed(units, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def float_like(units, places):
    """As a program that holds a double would print it: an exponent below 0.0001 and from 1e16 on."""
    text = trimmed(units, places)
    number = Decimal(text)
    if number and (abs(number) < Decimal("0.0001") or abs(number) >= Decimal("1e16")):
        sign, figures, exponent = number.as_tuple()
        figures = "".join(map(str, figures)).rstrip("0")
        exponent = number.adjusted()
        mantissa = figures[0] + ("." + figures[1:] if len(figures) > 1 else "")
        return f"{'-' if sign else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return text


def rescale(units, places, wanted):
    """The same value with `wanted` places, rounded half away from zero."""
    if wanted >= places:
        return units * 10 ** (wanted - places)
    divisor = 10 ** (places - wanted)
    rounded = (2 * abs(units) + divisor) // (2 * divisor)
    return -rounded if units < 0 else rounded


def units_of(text, places):
    """The integer that `text` (a str, int or Decimal, never a float) is at `places`, cut off."""
    return int(EXACT.scaleb(Decimal(text), places))


def decimal_of(units, places):
    return EXACT.scaleb(Decimal(units), -places)
