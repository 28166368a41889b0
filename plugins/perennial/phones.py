"""Phone numbers as people write them in; the one way of writing them out."""


def e164(text: str, region: str | None) -> str | None:
    """A phone number as ITU-T's E.164 writes it, without spaces; None for what can be no number.

    `region` is the country that numbers without a country's code are of, such as US.
    """
    # Half the import time of the rest together, in every task; few deployments have phones.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
