// SPDX-License-Identifier: Apache-2.0
//
// Elements that are made as the page goes. What comes from the service is set as text, never as
// HTML.

export function element(tag, text = '', className = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** A time as people of this browser's language write it. */
export function timeElement(date, timeStyle = 'short') {
  const time = element('time', date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle }));
  time.dateTime = date.toISOString();
  return time;
}
