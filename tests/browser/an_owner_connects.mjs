// SPDX-License-Identifier: Apache-2.0
// The owner's two minutes: in by link, a key, the page's own command, a second key, out.
import assert from 'node:assert/strict';
import { KEY, accessible, link, noKeyOn, outside, picture, shownKey, signIn, sql, until, walk } from './support/walk.mjs';

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const said = (page) => page.locator('#said').textContent();
const send = (key, email) => outside('run', `curl -s -o /dev/null -w '%{http_code}' ${process.env.PAGE_URL}/api/webhooks/contacts -H 'x-api-key: ${key}' -d 'name=Ada&email=${email}'`);

await walk({ permissions: ['clipboard-read', 'clipboard-write'] }, async (page, context) => {
	const address = link();
	await signIn(page, address);
	assert.equal(await page.evaluate(() => location.href), `${process.env.PAGE_URL}/settings`);
	assert.ok(!(await page.content()).includes(address.split('#')[1]));

	await page.getByRole('button', { name: 'Copy webhook URL' }).click();
	assert.equal(await clipboard(page), `${process.env.PAGE_URL}/api/webhooks/contacts`);
	await until('said', async () => await said(page) === 'Webhook URL copied.');

	await page.getByRole('button', { name: 'Generate key' }).click();
	const key = await shownKey(page);
	await page.getByRole('button', { name: 'Copy API key' }).click();
	assert.equal(await clipboard(page), key);
	await until('said', async () => await said(page) === 'API key copied.');
	assert.match(await page.locator('.facts').textContent(), /Never/);

	// The page's own command, pasted into a shell.
	await page.locator('.tabs > label', { hasText: 'curl' }).click();
	await page.getByRole('button', { name: 'Copy command' }).click();
	const command = await clipboard(page);
	assert.ok(command.includes(key));
	assert.equal(JSON.parse(outside('run', command)).status, 'accepted');
	await until('a row', () => sql("select email from contacts where email = 'ada@example.com'"));

	await page.getByRole('button', { name: 'Send a test request' }).click();
	await page.locator('.steps .done').nth(2).waitFor();
	assert.equal(await shownKey(page), key, 'the key stays on show meanwhile');
	assert.equal(sql("select count(*) from contacts where email like '%@intake.invalid'"), '0');

	await until('last used', async () => {
		await page.reload();
		return !/Never/.test(await page.locator('.facts').textContent());
	});
	await noKeyOn(page);
	await page.goto('about:blank');
	await page.goBack();
	await page.locator('#key').waitFor();
	await noKeyOn(page);

	// A new key, the old one for a day more.
	await page.getByText('Regenerate key').first().click();
	await page.getByLabel('Works for 24 more hours').check();
	await page.getByLabel('I will put the new key').check();
	await page.getByRole('button', { name: 'Regenerate key' }).click();
	const second = await shownKey(page);
	assert.notEqual(second, key);
	assert.equal(send(key, 'old@example.com'), '202');
	assert.equal(send(second, 'new@example.com'), '202');
	await page.getByRole('button', { name: 'End the old key now' }).click();
	await page.getByRole('button', { name: 'End the old key now' }).waitFor({ state: 'detached' });
	await new Promise((resolve) => setTimeout(resolve, 1000));
	assert.equal(send(key, 'old@example.com'), '401');
	assert.equal(send(second, 'new@example.com'), '202');

	// A key on show leaves with the page, also where the browser keeps pages to go back to.
	const other = await context.newPage();
	await other.goto(`${process.env.PAGE_URL}/settings`);
	await noKeyOn(other);
	await other.close();

	await page.getByRole('button', { name: 'Sign out' }).click();
	await page.getByText('You have signed out.').waitFor();
	await page.goto(`${process.env.PAGE_URL}/settings`);
	await page.waitForURL('**/sign-in');

	// The link was for once.
	await page.goto('about:blank');
	await page.goto(address);
	await page.getByText('This link was used already').waitFor();
	await accessible(page, 'used link');
	await picture(page, 'link-used');
	assert.doesNotMatch(await page.content(), KEY);
});
