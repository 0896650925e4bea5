"""What exports of the stores that are known by name look like, with the users that they give."""

from __future__ import annotations

import base64
import json
from typing import Any

BCRYPT = "$2b$10$" + "a" * 53
TOTP = "GEZDGNBVGY3TQOJQ"

KEYCLOAK = {
    "realm": "shop",
    "users": [
        {
            "id": "k1",
            "username": "ann",
            "email": "ann@example.com",
            "emailVerified": True,
            "enabled": True,
            "firstName": "Ann",
            "lastName": "Lee",
            "createdTimestamp": 1700000000000,
            "credentials": [
                {
                    "id": "c1",
                    "type": "password",
                    "secretData": '{"value":"aGFzaA==","salt":"c2FsdA=="}',
                    "credentialData": '{"hashIterations":27500,"algorithm":"pbkdf2-sha256"}',
                },
                {
                    "type": "otp",
                    "secretData": '{"value":"1234567890"}',
                    "credentialData": '{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1"}',
                },
            ],
        },
        {
            "id": "k2",
            "username": "bob",
            "email": "bob@example.com",
            "emailVerified": False,
            "enabled": False,
            "credentials": [],
        },
    ],
}
FIREBASE = {
    "users": [
        {
            "localId": "f1",
            "email": "ann@example.com",
            "emailVerified": True,
            "passwordHash": "aGFzaA==",
            "salt": "c2FsdA==",
            "displayName": "Ann Lee",
            "lastSignedInAt": "1700000000000",
            "createdAt": "1600000000000",
            "phoneNumber": "+4930123456",
            "disabled": True,
            "customAttributes": '{"role":"admin"}',
            "providerUserInfo": [],
        }
    ]
}
COGNITO = {
    "Users": [
        {
            "Username": "ann",
            "Attributes": [
                {"Name": "sub", "Value": "c1"},
                {"Name": "email", "Value": "ann@example.com"},
                {"Name": "email_verified", "Value": "true"},
                {"Name": "custom:plan", "Value": "gold"},
            ],
            "UserCreateDate": "2024-01-01T00:00:00Z",
            "Enabled": True,
            "UserStatus": "CONFIRMED",
        }
    ]
}
AUTH0 = [
    {
        "user_id": "auth0|a1",
        "email": "ann@example.com",
        "email_verified": True,
        "identities": [],
        "last_login": "2024-01-01",
    },
    {"user_id": "google-oauth2|9", "email": "bob@example.com", "email_verified": True, "identities": []},
]
AUTH0_HASHES = [
    {
        "_id": {"$oid": "5dea"},
        "alt_id": "a1",
        "email_verified": False,
        "email": "ann@example.com",
        "passwordHash": BCRYPT,
    },
    {
        "_id": {"$oid": "5deb"},
        "passwordHash": BCRYPT,
        "identifiers": [{"type": "email", "value": "b@example.com", "verified": True}],
    },
]
OKTA = [
    {
        "id": "o1",
        "status": "SUSPENDED",
        "created": "2020-01-01T00:00:00Z",
        "lastLogin": "2024-01-01T00:00:00Z",
        "profile": {"login": "ann@example.com", "email": "ann@example.com", "firstName": "Ann", "lastName": "Lee"},
    }
]
SUPABASE = (
    "id,email,encrypted_password,email_confirmed_at,phone,raw_app_meta_data,raw_user_meta_data,last_sign_in_at,created_at\n"
    f"s1,ann@example.com,{BCRYPT},2024-01-01,4930123456,{{}},{{}},2024-02-02,2023-01-01\n"
)
CLERK = (
    "id,first_name,last_name,username,primary_email_address,primary_phone_number,verified_email_addresses,"
    "unverified_email_addresses,verified_phone_numbers,unverified_phone_numbers,totp_secret,password_digest,password_hasher\n"
    f"user_1,Ann,Lee,,ann@example.com,,ann@example.com,,,,{TOTP},{BCRYPT},bcrypt\n"
)
CLERK_JSON = [
    {
        "id": "user_1",
        "first_name": "Ann",
        "primary_email_address_id": "e2",
        "email_addresses": [
            {"id": "e1", "email_address": "old@example.com", "verification": {"status": "verified"}},
            {"id": "e2", "email_address": "ann@example.com", "verification": {"status": "unverified"}},
        ],
        "last_sign_in_at": 1700000000000,
        "created_at": 1600000000000,
    }
]
FUSIONAUTH = {
    "users": [
        {
            "id": "fa1",
            "tenantId": "t",
            "email": "ann@example.com",
            "verified": True,
            "active": True,
            "insertInstant": 1600000000000,
            "encryptionScheme": "bcrypt",
            "factor": 10,
            "salt": "a" * 22,
            "password": "b" * 31,
            "twoFactor": {"methods": [{"method": "authenticator", "secret": base64.b64encode(b"1234567890").decode()}]},
        }
    ]
}
DUMPDATA = [
    {"model": "auth.group", "pk": 1, "fields": {"name": "staff"}},
    {
        "model": "auth.user",
        "pk": 7,
        "fields": {
            "username": "ann",
            "email": "ann@example.com",
            "password": "pbkdf2_sha256$1000$salt$aGFzaA==",
            "is_active": False,
            "last_login": "2024-01-01T00:00:00Z",
        },
    },
]
MONGODB = '{"_id":{"$oid":"m1"},"email":"ann@example.com","password":"' + BCRYPT + '"}\n'

DJANGO = "id,password,last_login,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined\n"
DEVISE = (
    "id,email,encrypted_password,reset_password_token,remember_created_at,confirmed_at,current_sign_in_at,created_at\n"
)
LARAVEL = "id,name,email,email_verified_at,password,remember_token,created_at,updated_at\n"
WORDPRESS = "ID,user_login,user_pass,user_nicename,user_email,user_url,user_registered,user_status,display_name\n"
ASPNET = "Id,UserName,NormalizedUserName,Email,EmailConfirmed,PasswordHash,SecurityStamp,PhoneNumber,TwoFactorEnabled,AuthenticatorKey\n"


def lines(objects: list[Any]) -> str:
    return "".join(json.dumps(each) + "\n" for each in objects)


CASES: list[tuple[str, str, list[dict[str, Any]]]] = [
    (
        "keycloak",
        json.dumps(KEYCLOAK, indent=2),
        [
            {
                "user_id": "k1",
                "email": "ann@example.com",
                "email_verified": True,
                "blocked": False,
                "given_name": "Ann",
                "family_name": "Lee",
                "mfa_factors": [{"totp": {"secret": TOTP}}],
            },
            {"user_id": "k2", "email": "bob@example.com", "email_verified": False, "blocked": True},
        ],
    ),
    (
        "firebase",
        json.dumps(FIREBASE),
        [
            {
                "user_id": "f1",
                "email": "ann@example.com",
                "email_verified": True,
                "name": "Ann Lee",
                "phone_number": "+4930123456",
                "blocked": True,
                "app_metadata": {"claims": {"role": "admin"}},
            }
        ],
    ),
    (
        "firebase",
        json.dumps(
            [
                {
                    "uid": "f1",
                    "email": "ann@example.com",
                    "emailVerified": False,
                    "disabled": True,
                    "metadata": {"lastSignInTime": "Mon, 01 Jun 2026 10:00:00 GMT", "creationTime": None},
                    "passwordHash": "aGFzaA==",
                    "passwordSalt": "c2FsdA==",
                    "providerData": [],
                }
            ]
        ),
        [{"user_id": "f1", "email": "ann@example.com", "email_verified": False, "blocked": True}],
    ),
    (
        "firebase",
        'f1,ann@example.com,true,aGFzaA==,c2FsdA==,"Lee, Ann",,,,,,,,,,,,,,,,,,1600000000000,1700000000000,,false,,\n',
        [{"user_id": "f1", "email": "ann@example.com", "email_verified": True, "name": "Lee, Ann", "blocked": False}],
    ),
    (
        "cognito",
        json.dumps(COGNITO),
        [
            {
                "user_id": "c1",
                "email": "ann@example.com",
                "email_verified": True,
                "blocked": False,
                "app_metadata": {"custom": {"plan": "gold"}},
            }
        ],
    ),
    (
        "cognito",
        "cognito:username,name,email,email_verified,phone_number,phone_number_verified,cognito:mfa_enabled\n"
        "c1,Ann,ann@example.com,TRUE,,FALSE,FALSE\n",
        [{"user_id": "c1", "email": "ann@example.com", "email_verified": True, "name": "Ann", "phone_verified": False}],
    ),
    (
        "auth0",
        lines(AUTH0),
        [{"user_id": "a1", "email": "ann@example.com", "email_verified": True}, {"bad": "not_a_user"}],
    ),
    (
        "auth0",
        lines(AUTH0_HASHES),
        [
            {"user_id": "a1", "email": "ann@example.com", "email_verified": False, "password_hash": BCRYPT},
            {"user_id": "5deb", "email": "b@example.com", "email_verified": True, "password_hash": BCRYPT},
        ],
    ),
    (
        "okta",
        json.dumps(OKTA),
        [{"user_id": "o1", "email": "ann@example.com", "given_name": "Ann", "family_name": "Lee", "blocked": True}],
    ),
    (
        "supabase",
        SUPABASE,
        [
            {
                "user_id": "s1",
                "email": "ann@example.com",
                "email_verified": True,
                "phone_number": "+4930123456",
                "phone_verified": False,
                "password_hash": BCRYPT,
            }
        ],
    ),
    (
        "clerk",
        CLERK,
        [
            {
                "user_id": "user_1",
                "email": "ann@example.com",
                "email_verified": True,
                "given_name": "Ann",
                "family_name": "Lee",
                "mfa_factors": [{"totp": {"secret": TOTP}}],
                "password_hash": BCRYPT,
            }
        ],
    ),
    (
        "clerk",
        json.dumps(CLERK_JSON),
        [{"user_id": "user_1", "email": "ann@example.com", "email_verified": False, "given_name": "Ann"}],
    ),
    (
        "fusionauth",
        json.dumps(FUSIONAUTH),
        [
            {
                "user_id": "fa1",
                "email": "ann@example.com",
                "email_verified": True,
                "blocked": False,
                "mfa_factors": [{"totp": {"secret": TOTP}}],
                "password_hash": "$2a$10$" + "a" * 22 + "b" * 31,
            }
        ],
    ),
    (
        "django-dumpdata",
        json.dumps(DUMPDATA),
        [{"bad": "not_a_user"}, {"user_id": "7", "email": "ann@example.com", "blocked": True}],
    ),
    (
        "django",
        DJANGO + "7,!x,2024-01-01,f,ann,Ann,Lee,ann@example.com,f,t,2020-01-01\n",
        [{"user_id": "7", "email": "ann@example.com", "given_name": "Ann", "family_name": "Lee", "blocked": False}],
    ),
    (
        "devise",
        DEVISE + f"7,ann@example.com,{BCRYPT},,,2024-01-01,2024-02-02,2020-01-01\n",
        [
            {
                "user_id": "7",
                "email": "ann@example.com",
                "email_verified": True,
                "blocked": False,
                "password_hash": BCRYPT,
            }
        ],
    ),
    (
        "laravel",
        LARAVEL + f"7,Ann Lee,ann@example.com,,{BCRYPT},,2020-01-01,2020-01-01\n",
        [
            {
                "user_id": "7",
                "email": "ann@example.com",
                "email_verified": False,
                "name": "Ann Lee",
                "password_hash": BCRYPT,
            }
        ],
    ),
    (
        "wordpress",
        WORDPRESS + "7,ann,$P$Babc,ann,ann@example.com,,2020-01-01 00:00:00,0,Ann Lee\n",
        [{"user_id": "7", "email": "ann@example.com", "name": "Ann Lee"}],
    ),
    (
        "aspnet-identity",
        ASPNET
        + f"g1,ann,ANN,ann@example.com,True,AQAAAA,S,,False,{TOTP}\ng2,bob,BOB,bob@example.com,False,AQAAAA,S,,True,{TOTP}\n",
        [
            {"user_id": "g1", "email": "ann@example.com", "email_verified": True},
            {
                "user_id": "g2",
                "email": "bob@example.com",
                "email_verified": False,
                "mfa_factors": [{"totp": {"secret": TOTP}}],
            },
        ],
    ),
    (
        "meteor",
        json.dumps(
            [
                {
                    "_id": "m7",
                    "emails": [{"address": "ann@example.com", "verified": True}],
                    "services": {"password": {"bcrypt": BCRYPT}},
                }
            ]
        ),
        [{"user_id": "m7", "email": "ann@example.com", "email_verified": True}],
    ),
    ("mongodb", MONGODB, [{"user_id": "m1", "email": "ann@example.com", "password_hash": BCRYPT}]),
]
