/** Talking to the simulated Slack and to the controls of the simulated Quay, both on this page's own origin. */

const SENTENCES = {
  operation_timeout: "The app did not answer within 3 seconds.",
  dispatch_failed: "The app could not be reached.",
  http_service_error: "The app answered with an error.",
  channel_not_found: "There is no such channel here.",
  not_in_channel: "You are not in this channel.",
  message_not_found: "This message is no longer there.",
  not_found: "This form is no longer open.",
  not_allowed: "People from another company have no Home tab of this app.",
  no_text: "There is nothing to send.",
};

/** An error's code as a sentence; what is a sentence already stays as it is. */
export const sentence = (error) => SENTENCES[error] ?? error;

/** Errors of a delivery to the app, which the simulated Slack itself shows beside the button or as Slackbot. */
export const isShownBySlack = (error) => ["operation_timeout", "dispatch_failed", "http_service_error", "invalid_command_response"].includes(error) || /is not a valid command/.test(error);

async function call(path, body) {
  const request = body === undefined ? {} : {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    return { ok: false, error: "The sandbox does not answer." };
  }
  const answer = await response.json().catch(() => ({}));
  return response.ok ? answer : { ok: false, ...answer, error: answer.error ?? `The sandbox answered ${response.status}.` };
}

const query = (values) => new URLSearchParams(values).toString();

export const slack = {
  state: (user) => call(`/sandbox/slack/state?${query({ user })}`),
  messages: (channel, user) => call(`/sandbox/slack/messages?${query({ channel, user })}`),
  home: (user) => call(`/sandbox/slack/home?${query({ user })}`),
  views: (user) => call(`/sandbox/slack/views?${query({ user })}`),
  openHome: (user) => call("/sandbox/slack/open_home", { user }),
  say: (said) => call("/sandbox/slack/say", said),
  act: (action) => call("/sandbox/slack/act", action),
  submit: (submission) => call("/sandbox/slack/submit", submission),
  close: (closing) => call("/sandbox/slack/close", closing),
  shortcut: (wish) => call("/sandbox/slack/shortcut", wish),
  suggest: (question) => call("/sandbox/slack/suggest", question),
};

export const quay = {
  state: () => call("/sandbox/quay/state"),
  push: (namespace) => call(`/sandbox/quay/push?${query({ namespace })}`),
  set: (what, values) => call(`/sandbox/quay/${what}`, values),
};

/** Listen for changes for as long as the page lives; the browser reconnects by itself. */
export function listen(onChange, onConnection) {
  const events = new EventSource("/sandbox/slack/events");
  events.onopen = () => onConnection(true);
  events.onerror = () => onConnection(false);
  events.onmessage = (event) => onChange(JSON.parse(event.data));
}
