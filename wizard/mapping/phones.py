"""Telephone numbers as E.164, by the rules of every country, and fast for those that already are.

A number that begins with + is taken as it stands when its country's rules neither strip anything from it nor find its
length impossible: both depend only on the first digits and the length, so that they are looked up once a country.
"""

from __future__ import annotations

from typing import Any

from wizard.rejects import Refused, Reject

MARK = 6
"""Characters that tell a number's country and whether anything would be stripped after it: + and five digits."""

NOT_A_COUNTRY = "001"
"""The region of numbers such as +800, which belong to no country."""

NONE: frozenset[int] = frozenset()


class Phones:
    """Callable: a text to E.164.

    Args:
        country: Two letters of the country of numbers without +; None allows only numbers with it.
        refusal: The reject of what is no possible number.
    """

    def __init__(self, country: str | None, refusal: Reject) -> None:
        self.country = country
        self.refusal = refusal

    def __call__(self, text: str) -> str:
        """Return the number as +, country and number without spaces.

        Raises:
            Refused: not a number that can be dialled from abroad, or one with an extension, which E.164 cannot say.
        """
        stands = len(text) in possible_lengths(text[:MARK]) and text.isascii() and text[1:].isdecimal()
        return text if stands else self._parsed(text)

    def _parsed(self, text: str) -> str:
        import phonenumbers

        try:
            number = phonenumbers.parse(text, self.country)
        except phonenumbers.NumberParseException:
            raise Refused(self.refusal) from None
        possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if not possible or number.extension or len(written) > 16:
            raise Refused(self.refusal)
        return written


def possible_lengths(mark: str) -> frozenset[int]:
    """Lengths with which a text that begins like this is E.164 as it stands; none where only the parser can tell."""
    import re

    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, region_code_for_country_code

    if not re.fullmatch(r"\+[1-9][0-9]{4}", mark, re.ASCII):
        return NONE
    code = next((int(mark[1:end]) for end in (2, 3, 4) if int(mark[1:end]) in COUNTRY_CODE_TO_REGION_CODE), None)
    if code is None:
        return NONE
    region = region_code_for_country_code(code)
    rules: Any = (
        PhoneMetadata.metadata_for_nongeo_region(code)
        if region == NOT_A_COUNTRY
        else PhoneMetadata.metadata_for_region(region)
    )
    prefix = (rules.national_prefix_for_parsing or "") if rules else "?"
    begins = 1 + len(str(code))
    if prefix and (not prefix.isdecimal() or len(prefix) > MARK - begins or mark.startswith(prefix, begins)):
        return NONE
    return frozenset(begins + length for length in rules.general_desc.possible_length if 0 < begins + length <= 16)


def possible_lengths_of_bytes(mark: bytes) -> frozenset[int]:
    """The same for a text in ASCII."""
    return possible_lengths(mark.decode("ascii", "replace"))
