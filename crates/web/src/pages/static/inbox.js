// Keeps the inbox page fresh and shows times as the reader's clock does. Without it the page
// reloads itself by a meta tag.

const PAUSE = 2000;

function localTimes() {
  for (const time of document.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    time.title = time.dateTime;
    time.textContent = at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  }
}

/**
 * The list as the server prints it now. It is the server that escapes what messages say; nothing is
 * built from text here.
 */
async function freshList() {
  const response = await fetch(location.href, { cache: 'no-store' });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  return page.getElementById('messages');
}

async function refresh() {
  const list = document.getElementById('messages');
  const status = document.getElementById('inbox-status');
  try {
    const fresh = await freshList();
    if (fresh && fresh.dataset.newest !== list.dataset.newest) {
      const focused = list.contains(document.activeElement) ? document.activeElement.id : '';
      list.replaceWith(fresh);
      localTimes();
      if (focused) document.getElementById(focused)?.focus();
      status.textContent = 'New message.';
    } else if (status.dataset.lost) {
      status.textContent = '';
    }
    delete status.dataset.lost;
  } catch {
    status.dataset.lost = 'yes';
    status.textContent = 'The server does not answer; trying again.';
  }
}

localTimes();
if (document.getElementById('messages')) {
  setInterval(() => {
    if (!document.hidden) refresh();
  }, PAUSE);
}
