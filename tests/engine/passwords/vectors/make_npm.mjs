// Makes npm.json: hashes by packages of npm. No code of this project is used. In a folder of its own, Node 20 or newer:
//
//   npm install password-hash@1 lucia@2 @adonisjs/hash@9 bcryptjs@3 && npm install --ignore-scripts @phc/bcrypt@1
//   cp make_npm.mjs that/folder && node make_npm.mjs > npm.json
//
// @phc/bcrypt asks for a compiled bcrypt; bcryptjs stands in for it.
import Module, { createRequire } from "node:module";
import { Scrypt } from "@adonisjs/hash/drivers/scrypt";
import { generateLuciaPasswordHash } from "lucia/utils";

const require = createRequire(import.meta.url);
const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => resolve.call(Module, name === "bcrypt" ? "bcryptjs" : name, ...rest);
const phc = require("@phc/bcrypt");
const passwordHash = require("password-hash");

const nfc = "Grüße, Zoë Ångström €5".normalize("NFC");
const passwords = { plain: "copper-lantern-417", "72 bytes": "0123456789ab".repeat(6), NFC: nfc, NFD: nfc.normalize("NFD") };
const found = [];

async function add(maker, form, make) {
  for (const [password, typed] of Object.entries(passwords)) {
    found.push({ maker, form, password, typed, row: { hash: await make(typed) }, declared: {} });
  }
}
const scrypt = new Scrypt({});
await add("AdonisJS", "scrypt (PHC) with N itself", (p) => scrypt.make(p));
await add("@phc/bcrypt", "bcrypt (PHC)", (p) => phc.hash(p, { rounds: 4 }));
await add("password-hash", "hmac once", (p) => passwordHash.generate(p, { algorithm: "sha256" }));
await add("password-hash", "hmac thrice", (p) => passwordHash.generate(p, { iterations: 3 }));
await add("Lucia", "scrypt s2", (p) => generateLuciaPasswordHash(p));
process.stdout.write(`${JSON.stringify(found).replaceAll('},{"maker"', '},\n{"maker"')}\n`);
