// Makes node.json: hashes as other makers store them, computed by Node's crypto (OpenSSL). Run: node make_node.mjs
//
// The layouts follow the makers' documentation: Spring Security (Pbkdf2, SCrypt and MessageDigest encoders), Keycloak
// (CredentialRepresentation), ASP.NET Identity and membership, Jakarta Security, FusionAuth, MediaWiki, better-auth.
import { createHash, createHmac, pbkdf2Sync, scryptSync } from "node:crypto";
import { writeFileSync } from "node:fs";

const nfc = "Grüße, Zoë Ångström €5".normalize("NFC");
const passwords = { plain: "copper-lantern-417", "72 bytes": "0123456789ab".repeat(6), NFC: nfc, NFD: nfc.normalize("NFD") };
const salt = (size) => createHash("sha512").update(`salt of ${size}`).digest().subarray(0, size);
const b64 = (bytes) => bytes.toString("base64");
const found = [];

function add(maker, form, make, declared = {}) {
  for (const [password, typed] of Object.entries(passwords)) {
    const made = make(typed);
    found.push({ maker, form, password, typed, row: typeof made === "string" ? { hash: made } : made, declared });
  }
}
const utf16 = (text) => Buffer.from(text, "utf16le");
const hash = (name, ...parts) => parts.reduce((h, part) => h.update(part), createHash(name)).digest();

add("Spring", "pbkdf2", (p) => `{pbkdf2}${Buffer.concat([salt(8), pbkdf2Sync(p, salt(8), 185000, 32, "sha1")]).toString("hex")}`);
add("Spring", "pbkdf2 of 5.8", (p) => `{pbkdf2@SpringSecurity_v5_8}${Buffer.concat([salt(16), pbkdf2Sync(p, salt(16), 310000, 32, "sha256")]).toString("hex")}`);
add("Spring", "pbkdf2 with a secret", (p) => Buffer.concat([salt(8), pbkdf2Sync(p, Buffer.concat([salt(8), Buffer.from("pepper-of-the-store")]), 2000, 32, "sha1")]).toString("hex"), { format: "spring-pbkdf2", key: "env:PEPPER", iterations: 2000 });
add("Spring", "scrypt", (p) => `{scrypt}$a0801$${b64(salt(64))}$${b64(scryptSync(p, salt(64), 32, { N: 1024, r: 8, p: 1 }))}`);
for (const name of ["md5", "sha1", "sha256"]) {
  const id = { md5: "MD5", sha1: "SHA-1", sha256: "SHA-256" }[name];
  const inner = `{${b64(salt(32))}}`;
  add("Spring", `${id} with salt`, (p) => `{${id}}${inner}${hash(name, p, inner).toString("hex")}`);
}
add("Spring", "SHA-256 without salt", (p) => `{SHA-256}${hash("sha256", p).toString("hex")}`);
add("Spring", "noop", (p) => `{noop}${p}`);
add("Spring", "sha256", (p) => { let d = hash("sha256", salt(8), p); for (let i = 1; i < 1024; i++) d = hash("sha256", d); return `{sha256}${Buffer.concat([salt(8), d]).toString("hex")}`; });

for (const [algorithm, name, size] of [["pbkdf2", "sha1", 64], ["pbkdf2-sha256", "sha256", 64], ["pbkdf2-sha512", "sha512", 64]]) {
  add("Keycloak", `${algorithm}, old form`, (p) => JSON.stringify({ type: "password", algorithm, hashIterations: 2750, salt: b64(salt(16)), hashedSaltedValue: b64(pbkdf2Sync(p, salt(16), 2750, size, name)) }));
  add("Keycloak", `${algorithm}, new form`, (p) => JSON.stringify({ type: "password", credentialData: JSON.stringify({ hashIterations: 2750, algorithm, additionalParameters: {} }), secretData: JSON.stringify({ value: b64(pbkdf2Sync(p, salt(16), 2750, size, name)), salt: b64(salt(16)), additionalParameters: {} }) }));
}

function identity3(p, prf, name, iterations, size) {
  const head = Buffer.alloc(13);
  head[0] = 1; head.writeUInt32BE(prf, 1); head.writeUInt32BE(iterations, 5); head.writeUInt32BE(16, 9);
  return b64(Buffer.concat([head, salt(16), pbkdf2Sync(p, salt(16), iterations, size, name)]));
}
add("ASP.NET Identity", "v2", (p) => b64(Buffer.concat([Buffer.from([0]), salt(16), pbkdf2Sync(p, salt(16), 1000, 32, "sha1")])));
add("ASP.NET Identity", "v3, sha1", (p) => identity3(p, 0, "sha1", 1000, 32));
add("ASP.NET Identity", "v3, sha256", (p) => identity3(p, 1, "sha256", 10000, 32));
add("ASP.NET Identity", "v3, sha512", (p) => identity3(p, 2, "sha512", 10000, 32));
add("ASP.NET membership", "sha1", (p) => ({ hash: b64(hash("sha1", salt(16), utf16(p))), salt: b64(salt(16)) }), { format: "aspnet-membership", salt: "salt" });
add("ASP.NET membership", "hmac", (p) => ({ hash: b64(createHmac("sha256", Buffer.concat([salt(16), salt(16), salt(16), salt(16)])).update(utf16(p)).digest()), salt: b64(salt(16)) }), { format: "aspnet-membership-hmac", salt: "salt" });

add("Jakarta Security", "pbkdf2", (p) => `PBKDF2WithHmacSHA256:2048:${b64(salt(32))}:${b64(pbkdf2Sync(p, salt(32), 2048, 32, "sha256"))}`);
add("MediaWiki", "pbkdf2", (p) => `:pbkdf2:sha512:3000:64:${b64(salt(16))}:${b64(pbkdf2Sync(p, salt(16), 3000, 64, "sha512"))}`);
add("MediaWiki", "A", (p) => `:A:${hash("md5", p).toString("hex")}`);
add("MediaWiki", "B", (p) => `:B:c0ffee:${hash("md5", "c0ffee-", hash("md5", p).toString("hex")).toString("hex")}`);
add("FusionAuth", "pbkdf2", (p) => JSON.stringify({ encryptionScheme: "salted-pbkdf2-hmac-sha256", factor: 24000, password: b64(pbkdf2Sync(p, salt(32), 24000, 32, "sha256")), salt: b64(salt(32)) }));
add("FusionAuth", "salted-md5", (p) => JSON.stringify({ encryptionScheme: "salted-md5", factor: 20000, password: b64(hash("md5", p)), salt: b64(salt(32)) }));
add("Clerk", "sha256", (p) => JSON.stringify({ password_digest: hash("sha256", p).toString("hex"), password_hasher: "sha256" }));

add("389 Directory Server", "pbkdf2", (p) => { const n = Buffer.alloc(4); n.writeUInt32BE(2048); return `{PBKDF2_SHA256}${b64(Buffer.concat([n, salt(64), pbkdf2Sync(p, salt(64), 2048, 256, "sha256")]))}`; });
add("Mattermost", "pbkdf2", (p) => `$pbkdf2$f=SHA256,w=6000,l=32$${b64(salt(16)).replace(/=+$/, "")}$${b64(pbkdf2Sync(p, salt(16), 6000, 32, "sha256")).replace(/=+$/, "")}`);
for (const [name, size] of [["sha224", 28], ["sha384", 48]]) {
  const dotted = (bytes) => b64(bytes).replace(/=+$/, "").replaceAll("+", ".");
  add("go-crypt", `pbkdf2 with ${name}`, (p) => `$pbkdf2-${name}$3100$${dotted(salt(16))}$${dotted(pbkdf2Sync(p, salt(16), 3100, size, name))}`);
}
add("Ory Kratos", "scrypt with N as ln", (p) => `$scrypt$ln=1024,r=8,p=1$${b64(salt(16))}$${b64(scryptSync(p, salt(16), 32, { N: 1024 }))}`);
const pattern = (text) => b64(Buffer.from(text));
for (const [name, before] of [["sha1", true], ["sha256", true], ["sha512", false], ["md5", false]]) {
  const around = (p) => (before ? ["of the store: ", salt(8), p] : [p, "%%", salt(8)]);
  const text = before ? "of the store: {SALT}{PASSWORD}" : "{PASSWORD}%%{SALT}";
  add("Ory Kratos", `${name} by a pattern`, (p) => `$${name}$pf=${pattern(text)}$${b64(salt(8))}$${b64(hash(name, ...around(p)))}`);
}
add("Ory Kratos", "md5 without salt", (p) => `$md5$${b64(hash("md5", p))}`);
add("Ory Kratos", "hmac", (p) => `$hmac-sha512$${pattern(createHmac("sha512", salt(16)).update(p).digest("hex"))}$${b64(salt(16))}`);
add("Ory Kratos", "salt on both sides", (p) => `$sha256$pf=${pattern("${PASSWORD}${SALT}$")}$${b64(salt(8))}$${b64(hash("sha256", "$", p, "$", salt(8), "$"))}`);
add("Zope", "{SHA256} in hex", (p) => `{SHA256}${hash("sha256", p).toString("hex")}`);
add("home-made", "{SSHA} in URL-safe base64", (p) => `{SSHA}${b64(Buffer.concat([hash("sha1", p, salt(8)), salt(8)])).replaceAll("+", "-").replaceAll("/", "_")}`);
add("Discourse", "pbkdf2 told beside it", (p) => ({ hash: pbkdf2Sync(p, "s@lt", 1500, 32, "sha256").toString("hex"), salt: "s@lt", told: "$pbkdf2-sha256$i=1500,l=32$" }), { format: "pbkdf2-sha256", salt: "salt", iterations: "told" });
add("Gitea", "argon2 where pbkdf2 is declared", (p) => ({ hash: pbkdf2Sync(p, "s@lt", 2, 50, "sha256").toString("hex"), salt: "s@lt", told: "argon2$2$65536$8$50" }), { format: "pbkdf2-sha256", salt: "salt", iterations: "told" });

const hexSalt = salt(16).toString("hex");
add("Node", "scrypt, salt:hash", (p) => `${hexSalt}:${scryptSync(p, hexSalt, 64, { N: 1024 }).toString("hex")}`, { format: "node-scrypt", cost: 1024 });
add("Node", "scrypt, hash.salt", (p) => `${scryptSync(p, hexSalt, 64).toString("hex")}.${hexSalt}`, { format: "scrypt", layout: "{hash}.{salt}" });
add("Node", "scrypt, salt as bytes", (p) => ({ hash: b64(scryptSync(p, salt(16), 32)), salt: hexSalt }), { format: "scrypt", salt: "salt", salt_encoding: "hex" });
add("better-auth", "scrypt", (p) => `${hexSalt}:${scryptSync(p.normalize("NFKC"), hexSalt, 64, { N: 16384, r: 16, p: 1, maxmem: 1 << 26 }).toString("hex")}`, { format: "better-auth" });
add("Node", "pbkdf2 in columns", (p) => ({ hash: pbkdf2Sync(p, hexSalt, 1700, 64, "sha512").toString("hex"), salt: hexSalt, rounds: "1700" }), { format: "pbkdf2-sha512", salt: "salt", iterations: "rounds" });
for (const name of ["md5", "sha1", "sha256", "sha512"]) {
  add("home-made", `${name}, salt before`, (p) => ({ hash: hash(name, "s@lt" + p).toString("hex"), salt: "s@lt" }), { format: name, salt: "salt" });
  add("home-made", `${name}, salt after, base64`, (p) => ({ hash: b64(hash(name, p, salt(8))), salt: salt(8).toString("hex") }), { format: name, salt: "salt", salt_encoding: "hex", salt_position: "suffix" });
}
add("home-made", "Joomla", (p) => `${hash("md5", p, hexSalt).toString("hex")}:${hexSalt}`, { format: "md5", layout: "{hash}:{salt}", salt_position: "suffix" });
add("home-made", "sha256 with one pepper", (p) => hash("sha256", p, "pepper-of-the-store").toString("hex"), { format: "sha256", key: "env:PEPPER", salt_position: "suffix" });
add("home-made", "sha256 of utf16le", (p) => hash("sha256", utf16(p)).toString("hex"), { format: "sha256", password_encoding: "utf16le" });
for (const name of ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]) {
  add("home-made", `hmac-${name}`, (p) => createHmac(name, "pepper-of-the-store").update(p).digest("hex"), { format: `hmac-${name}`, key: "env:PEPPER" });
}
add("home-made", "hmac with key and salt", (p) => ({ hash: createHmac("sha256", "pepper-of-the-store").update("s@lt" + p).digest("hex"), salt: "s@lt" }), { format: "hmac-sha256", key: "env:PEPPER", salt: "salt" });
add("home-made", "vBulletin", (p) => ({ hash: hash("md5", hash("md5", p).toString("hex") + "abc").toString("hex"), salt: "abc" }), { format: "vbulletin", salt: "salt" });

writeFileSync(new URL("node.json", import.meta.url), `${JSON.stringify(found, null, 0).replaceAll("},{\"maker\"", "},\n{\"maker\"")}\n`);
console.log(found.length, "vectors");
