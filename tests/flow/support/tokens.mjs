// SPDX-License-Identifier: Apache-2.0
// tokens - an issuer of JWTs. Its keys are in a folder: NAME.pem, and keys.json with the public ones.
//
// tokens.mjs keys FOLDER NAME=TYPE...     makes them (rsa, ec, ed25519) and a set of all
// tokens.mjs bomb     says a token that nobody signed, of less than 8 KB, whose claims inflate to 6 MB
// tokens.mjs sign FOLDER NAME ALGORITHM CLAIMS [HEADER]    says a token; both as JSON, merged into the usual
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

const base64url = (value) => Buffer.from(value).toString('base64url');
const usual = () => {
	const now = Math.floor(Date.now() / 1000);
	return { iss: 'https://issuer.example', aud: 'authenticated', iat: now, exp: now + 300 };
};
const OPTIONS = { rsa: { modulusLength: 2048 }, ec: { namedCurve: 'P-256' }, ed25519: {} };

function makeKeys(folder, ...names) {
	const keys = names.map((word) => {
		const [name, type] = word.split('=');
		const { publicKey, privateKey } = generateKeyPairSync(type, OPTIONS[type]);
		writeFileSync(`${folder}/${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }));
		writeFileSync(`${folder}/${name}.pub`, publicKey.export({ type: 'spki', format: 'pem' }));
		return { ...publicKey.export({ format: 'jwk' }), kid: name, use: 'sig' };
	});
	writeFileSync(`${folder}/keys.json`, JSON.stringify({ keys }));
}

function signature(folder, name, algorithm, text) {
	if (algorithm === 'none')
		return Buffer.alloc(0);
	if (algorithm.startsWith('HS'))
		return createHmac('sha256', readFileSync(`${folder}/${name}`)).update(text).digest();
	const key = createPrivateKey(readFileSync(`${folder}/${name}.pem`));
	return sign(algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`, Buffer.from(text),
		algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key);
}

export function token(folder, name, algorithm, claims, header = {}) {
	const text = [{ alg: algorithm, typ: 'JWT', kid: name, ...header }, { ...usual(), ...claims }]
		.map((part) => base64url(JSON.stringify(part))).join('.');
	return `${text}.${signature(folder, name, algorithm, text).toString('base64url')}`;
}

function bomb() {
	const header = base64url(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'first', zip: 'DEF' }));
	const claims = deflateRawSync(`{"a":[${'{},'.repeat(2e6)}{}]}`, { level: 9 });
	return `${header}.${base64url(claims)}.${base64url('no signature')}`;
}

const [command, folder, ...words] = process.argv.slice(2);
if (command === 'keys')
	makeKeys(folder, ...words);
else if (command === 'bomb')
	console.log(bomb());
else if (command === 'sign')
	console.log(token(folder, words[0], words[1], JSON.parse(words[2]), JSON.parse(words[3] ?? '{}')));
