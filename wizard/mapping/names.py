"""What stores call the columns of a user, in several languages, and their words for yes and no."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from wizard.mapping.words import FALSE_WORDS, TRUE_WORDS

NAMES: Mapping[str, frozenset[str]] = {
    field: frozenset(names.split())
    for field, names in {
        "user_id": "id objectguid objectid entityid entryuuid nsuniqueid ipauniqueid userid uid uuid guid userguid useruuid "
        "accountid customerid memberid personid externalid legacyid "
        "userno usernumber pk sub benutzerid benutzernummer benutzernr kundennummer kundenid nutzerid idutilisateur "
        "idclient idusuario iduser identifiant idutente identificador",
        "email": "email mail emailaddress useremail mailaddress primaryemail loginemail emailaddr eaddress emailadresse "
        "mailadresse courriel adressemail adresseemail adresseelectronique correo correoelectronico indirizzoemail "
        "epost epostadress endereceodeemail enderecoemail",
        "email_verified": "emailverified mailverified verified isverified emailconfirmed mailconfirmed isemailverified "
        "emailverification emailverifiedat emailconfirmedat confirmed isconfirmed confirmedat verifiedat emailbestaetigt emailbestatigt "
        "bestaetigt bestatigt mailok emailverifie courrielverifie correoverificado emailverificata emailverificado",
        "phone_number": "phone phonenumber mobile mobilephone mobilenumber cell cellphone telephone tel phoneno msisdn "
        "telefon telefonnummer handy handynummer mobil mobilnummer telefone telefono celular portable numerodetelephone",
        "phone_verified": "phoneverified phoneverification isphoneverified phonenumberverified phoneconfirmed phonenumberconfirmed "
        "mobileverified telefonbestaetigt",
        "username": "username login loginname userlogin accountname handle screenname benutzername nutzername anmeldename "
        "nomutilisateur nomdutilisateur nombredeusuario usuario nomeutente nomedeusuario",
        "given_name": "givenname firstname first forename fname vorname rufname prenom nombre nome primeironome fornamn",
        "family_name": "sn familyname lastname last surname lname nachname familienname zuname nom nomdefamille apellido "
        "apellidos cognome sobrenome efternamn",
        "name": "name fullname displayname realname commonname cn vollername anzeigename nomcomplet nombrecompleto "
        "nomecompleto nomecompleto",
        "nickname": "nickname nick alias spitzname pseudo pseudonyme surnom apodo soprannome apelido",
        "picture": "picture pictureurl avatar avatarurl photo photourl image imageurl profilepicture profilepic "
        "profileimage bild bildurl foto fotourl",
        "blocked": "blocked isblocked block isblock banned isbanned disabled isdisabled locked islocked suspended issuspended gesperrt "
        "istgesperrt accountdisabled bloque bloqueado bloccato",
        "password": "password passwordhash passwd pwd pwdhash pass pw pwhash passwdhash hash hashedpassword encryptedpassword "
        "passhash userpass userpassword passworddigest cryptedpassword passwort kennwort passworthash motdepasse contrasena senha",
    }.items()
}
"""Names without case, accents, spaces and punctuation."""

PERMANENT = frozenset(("objectguid", "entryuuid", "nsuniqueid", "ipauniqueid"))
"""Ids that directories give and never change, whoever marries or moves; `uid` is what people log in with.

Source: RFC 4530; Microsoft Learn, "Object-Guid attribute"; documentation of 389 Directory Server and FreeIPA.
"""

ACTIVE = frozenset(
    [
        "enabled",
        "isenabled",
        "active",
        "isactive",
        "activated",
        "isactivated",
        "accountenabled",
        "useractive",
        "aktiv",
        "istaktiv",
        "actif",
        "activo",
        "attivo",
    ]
)
"""Names of booleans that are true of accounts that may log in."""

STATES = ACTIVE | frozenset(
    [
        "status",
        "accountstatus",
        "userstatus",
        "state",
        "accountstate",
        "inactive",
        "isinactive",
        "userinactivereason",
        "disabled",
        "isdisabled",
        "disabledat",
        "blocked",
        "isblocked",
        "blockedat",
        "banned",
        "isbanned",
        "bannedat",
        "banneduntil",
        "locked",
        "islocked",
        "lockedat",
        "lockedout",
        "suspended",
        "issuspended",
        "suspendedat",
        "suspendedtill",
        "suspendeduntil",
        "deleted",
        "isdeleted",
        "deletedat",
        "deleteat",
        "deactivated",
        "isdeactivated",
        "deactivatedat",
        "archived",
        "archivedat",
        "block",
        "discardedat",
        "gesperrt",
        "isapproved",
        "islockedout",
        "useraccountcontrol",
    ]
)
"""Names of columns that may say that an account is not to log in."""

BOOLEANS = frozenset({"email_verified", "phone_verified", "blocked"})

WORDS: Mapping[str, bool] = {
    **dict.fromkeys((*TRUE_WORDS, "ja", "j", "oui", "si", "sí", "sim", "vero", "wahr", "vrai"), True),
    **dict.fromkeys((*FALSE_WORDS, "nein", "non", "não", "falso", "falsch", "faux"), False),
}
"""Words that look like a boolean."""


WRAPPERS = frozenset(["attributes", "data", "fields", "item", "profile", "properties", "traits", "user"])
"""Members of an object in which some stores keep what a user has."""

DESCRIPTORS = frozenset(["S", "N", "BOOL"])
"""Members of an object that say the type of the value in them.

Source: Amazon DynamoDB developer guide, "DynamoDB low-level API", data type descriptors.
"""

LONGEST = 200
"""Characters of what may be a name; the rest of a longer text is not looked at."""


_ASIDE = re.compile(r"\s*[\[(](?:required|optional|read[ -]only|upload[ -]only)[\])]\s*", re.IGNORECASE)
"""What templates of spreadsheets say about a column behind its name."""


def simple(name: str) -> str:
    """The name without case, accents, spaces and punctuation, and without what is said about the column."""
    name = _ASIDE.sub("", name) or name
    letters = unicodedata.normalize("NFKD", name[:LONGEST].replace("ß", "ss"))
    return "".join(letter for letter in letters.lower() if letter.isalnum())


def bare(name: str) -> str:
    """The simple name of a column without the objects around it, where these only wrap a user or a value."""
    *around, own = _parts(name[:LONGEST])
    return simple(own if all(simple(each) in WRAPPERS for each in around) else ".".join([*around, own]))


def last(name: str) -> str:
    """The simple name of a column without any object around it."""
    return simple(_parts(name)[-1])


def _parts(name: str) -> list[str]:
    parts = name.split(".")
    return parts[:-1] if len(parts) > 1 and parts[-1] in DESCRIPTORS else parts


def is_secret(name: str) -> bool:
    """Whether a column of that name holds passwords, hashes or what belongs to them, which no other field may show."""
    own = last(name)
    return own in NAMES["password"] or "salt" in own or "secret" in own or "token" in own or own.endswith("password")
