// What the settings page does where there are scripts. Without them it works as well, but for copying.
'use strict';

const COPIED_MS = 2000;
const POLL_MS = 400;
const AGO = [['day', 86400], ['hour', 3600], ['minute', 60]];

const find = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const say = (text) => { find('said').textContent = text; };

// ---- copying

// Pages on plain http have no clipboard API.
function copyBySelection(text) {
	const area = document.createElement('textarea');
	area.value = text;
	area.setAttribute('readonly', '');
	area.className = 'unseen';
	document.body.append(area);
	area.select();
	const copied = document.execCommand('copy');
	area.remove();
	return copied;
}

async function copyText(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return copyBySelection(text);
	}
}

async function copy(button) {
	const source = find(button.dataset.copy);
	const shown = button.firstChild;
	if (!await copyText(source.textContent)) {
		getSelection().selectAllChildren(source);
		say('It is selected: press Ctrl+C to copy.');
		return;
	}
	button.focus();
	shown.textContent = 'Copied';
	say(`${button.dataset.what} copied.`);
	setTimeout(() => { shown.textContent = 'Copy'; }, COPIED_MS);
}

// ---- times

function ago(time) {
	const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
	const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
	const [unit, length] = AGO.find(([, long]) => Math.abs(seconds) >= long) ?? ['second', 0];
	time.title = new Date(time.dateTime).toLocaleString();
	time.textContent = length ? words.format(Math.round(seconds / length), unit)
		: seconds > 0 ? 'in less than a minute' : 'just now';
}

// ---- the page's parts, brought up to date

async function load(url, options) {
	const response = await fetch(url, { credentials: 'same-origin', ...options });
	const page = new DOMParser().parseFromString(await response.text(), 'text/html');
	if (page.body.dataset.page !== 'integrations')
		location.assign(response.url); // signed out, or a page of a few words
	return page;
}

function swap(page, ids) {
	for (const id of ids) {
		const from = page.getElementById(id);
		if (from && find(id))
			find(id).replaceChildren(...from.childNodes);
	}
	// Every form is of the present turn.
	const turn = page.querySelector('[name=turn]');
	for (const field of all('[name=turn]'))
		field.value = turn ? turn.value : field.value;
	prepare();
}

async function send(form, button) {
	const label = button.textContent;
	button.disabled = true;
	button.textContent = form.dataset.busy ?? 'One moment…';
	try {
		swap(await load(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) }),
			form.dataset.swap.split(' '));
		document.querySelector('[data-focus]')?.focus();
		poll();
	} catch {
		say('The gateway did not answer. Please try again.');
		alert('The gateway did not answer. Please try again.');
	}
	button.disabled = false;
	button.textContent = label;
}

// ---- following a test

let polling;

function poll() {
	clearTimeout(polling);
	const steps = document.querySelector('[data-poll]');
	if (!steps)
		return;
	polling = setTimeout(async () => {
		try {
			const page = await load(steps.dataset.poll);
			// What has not changed is not read out again.
			if (page.getElementById('test-result').textContent !== find('test-result').textContent)
				swap(page, ['test-result']);
		} catch { /* the next time, perhaps */ }
		poll();
	}, POLL_MS);
}

// ---- start

function prepare() {
	for (const button of all('[data-copy]'))
		button.hidden = false;
	all('[data-ago]').forEach(ago);
}

// The link's code is behind the "#": into the form, out of the address and the history.
function signIn(form) {
	const code = location.hash.slice(1);
	if (!code)
		return;
	history.replaceState(null, '', location.pathname);
	form.elements.code.value = code;
	form.submit();
}

document.documentElement.classList.add('scripted');
document.addEventListener('click', (event) => {
	const button = event.target.closest('[data-copy]');
	if (button)
		copy(button);
});
document.addEventListener('submit', (event) => {
	if (!event.target.dataset.swap)
		return;
	event.preventDefault();
	send(event.target, event.submitter ?? event.target.querySelector('button'));
});
// No key comes back with a page that comes back.
addEventListener('pagehide', () => {
	for (const secret of all('[data-secret]'))
		secret.textContent = 'YOUR_KEY';
});
addEventListener('pageshow', (event) => {
	if (event.persisted)
		location.reload();
});
prepare();
poll();
setInterval(() => all('[data-ago]').forEach(ago), 30000);
if (find('sign-in'))
	signIn(find('sign-in'));
