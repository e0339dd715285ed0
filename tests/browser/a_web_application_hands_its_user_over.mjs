// SPDX-License-Identifier: Apache-2.0
// From the web application, which is another site, to the page: by a token, then by a plain link.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { PAGE, outside, picture, walk } from './support/walk.mjs';

const application = process.env.APPLICATION;
let token;

const server = createServer((request, response) => {
	response.setHeader('content-type', 'text/html');
	response.end(request.url === '/link' ? `<a href="${PAGE}/settings">Settings</a>`
		: request.url === '/favicon.ico' ? ''
			: `<form method="post" action="${PAGE}/settings/hand-over">
				<input type="hidden" name="token" value="${token}"><button>Integrations</button></form>`);
});
await new Promise((resolve) => server.listen(Number(new URL(application).port), 'localhost', resolve));

try {
	await walk({ application, expected: /status of 403/ }, async (page, context) => {
		token = outside('token');
		await page.goto(`${application}/`);
		await page.getByRole('button', { name: 'Integrations' }).click();
		await page.waitForURL('**/settings');
		await page.getByRole('heading', { name: 'Integrations' }).waitFor();
		const [cookie] = await context.cookies(PAGE);
		assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Strict', '/']);

		// Who is signed in stays so, also where a link from elsewhere leads here.
		await page.goto(`${application}/link`);
		await page.getByRole('link', { name: 'Settings' }).click();
		await page.waitForURL('**/settings');
		await page.getByRole('heading', { name: 'Integrations' }).waitFor();
		await page.getByRole('button', { name: 'Sign out' }).click();
		await page.waitForURL('**/sign-in?out');
		await page.goto(`${application}/link`);
		await page.getByRole('link', { name: 'Settings' }).click();
		await page.waitForURL('**/sign-in');

		token = outside('token', 'expired');
		await page.goto(`${application}/`);
		await page.getByRole('button', { name: 'Integrations' }).click();
		await page.getByText('You could not be signed in').waitFor();
		await picture(page, 'token-refused');
	});
} finally {
	server.close();
}
