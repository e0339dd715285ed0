// SPDX-License-Identifier: Apache-2.0
// Post contacts with Node's fetch, a shape of body each: node_fetch.mjs URL KEY NAME PHONE
const [url, key, name, phone] = process.argv.slice(2);

const contact = (shape) => ({ name, email: `fetch-${shape}@example.com`, phone });

const shapes = {
	json: {
		headers: { "content-type": "application/json" },
		body: JSON.stringify(contact("json")),
	},
	text: { body: JSON.stringify(contact("text")) }, // labelled text/plain
	form: { body: new URLSearchParams(contact("form")) },
	stream: {
		body: new Blob([JSON.stringify(contact("stream"))]).stream(), // chunked
		duplex: "half",
	},
};

for (const [shape, { headers, ...options }] of Object.entries(shapes)) {
	const answer = await fetch(url, {
		method: "POST",
		headers: { "x-api-key": key, ...headers },
		signal: AbortSignal.timeout(10000),
		...options,
	});
	console.log(shape, answer.status, await answer.text());
	if (!answer.ok) process.exitCode = 1;
}
