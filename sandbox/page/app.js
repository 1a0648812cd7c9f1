/** The sandbox's page: a chat workspace in which one acts as different people, beside the simulated Quay. */

import { isShownBySlack, listen, sentence, slack } from "./api.js";
import { Composer } from "./composer.js";
import { byId } from "./dom.js";
import { MessageList } from "./messages.js";
import { RegistryPanel } from "./registry.js";
import { MessageMenu } from "./shortcuts.js";
import { HOME, note, Sidebar } from "./sidebar.js";
import { dismiss, toast } from "./toast.js";
import { Unread } from "./unread.js";
import { Home, Modals } from "./views.js";

const FIRST_ACTOR = "U01ALICE";

const here = { user: FIRST_ACTOR, place: null, team: { name: "" }, people: [], channels: [], command: "/quay", shortcuts: [] };
let names = { user: () => undefined, channel: () => undefined, group: () => undefined, people: [], channels: [] };

const unread = new Unread();
const sidebar = new Sidebar({ go: (place) => go({ place }), become: (user) => go({ user }) });
const composer = new Composer(async (text) => {
  messages.follow();
  const answer = await slack.say({ user: here.user, channel: here.place, text });
  refreshMessages();
  return answer.ok || isShownBySlack(answer.error) ? null : sentence(answer.error);
});
const messages = new MessageList(byId("messages"), byId("newer"), { connect: connectMessage, suggest: suggestions });
new MessageMenu({
  shortcuts: () => here.shortcuts,
  use: async (callbackId, ts) => {
    const answer = await slack.shortcut({ user: here.user, callback_id: callbackId, channel: here.place, ts });
    if (!answer.ok) toast(sentence(answer.error));
    refreshViews();
  },
});
const modals = new Modals({
  connect: connectView,
  submit: async (view, values) => {
    const answer = await slack.submit({ user: here.user, view_id: view.id, values });
    if (answer.ok) await refreshViews();
    return answer;
  },
  close: async (view) => {
    await slack.close({ user: here.user, view_id: view.id });
    await refreshViews();
  },
});
const home = new Home(byId("home"), (view, form) => connectView(view, form, toast));

function connectMessage({ channel, ts }) {
  const at = { channel, ts };
  return { act: (blockId, action) => act({ ...at, block_id: blockId, action }, toast), suggest: suggester(at) };
}

function connectView(view, form, complain) {
  const at = { view_id: view.id };
  return { act: (blockId, action) => act({ ...at, block_id: blockId, action, state: { values: form.values } }, complain), suggest: suggester(at) };
}

const suggester = (at) => (blockId, actionId, value) => slack.suggest({ user: here.user, ...at, block_id: blockId, action_id: actionId, value });

async function act(action, complain) {
  const answer = await slack.act({ user: here.user, ...action });
  if (!answer.ok && !(action.ts && isShownBySlack(answer.error))) complain(sentence(answer.error));
  refreshMessages();
  refreshViews();
  return answer.ok;
}

function suggestions() {
  return ["help", "keys list --pending", "quota show team-alpha"].map((words) => {
    const command = `${here.command} ${words}`;
    return [command, () => composer.propose(command)];
  });
}

/** Run at most once at a time; when called meanwhile, once more afterwards. */
function coalesced(work) {
  let running = null;
  let again = false;
  return () => {
    again = Boolean(running);
    running ??= (async () => {
      do {
        again = false;
        await work();
      } while (again);
    })().finally(() => { running = null; });
    return running;
  };
}

const refreshState = coalesced(async () => {
  const { user } = here;
  const state = await slack.state(user);
  if (state.error || user !== here.user) return;
  const people = state.users.filter((one) => one.kind !== "bot");
  if (JSON.stringify([state.users, state.channels]) !== JSON.stringify([here.users, here.channels])) {
    const users = new Map(state.users.map((one) => [one.id, one]));
    const channels = new Map(state.channels.map((one) => [one.id, one]));
    const groups = new Map(state.groups.map((one) => [one.id, one]));
    names = { user: (id) => users.get(id), channel: (id) => channels.get(id), group: (id) => groups.get(id), people, channels: state.channels };
  }
  Object.assign(here, { team: state.team, users: state.users, people, channels: state.channels, command: state.command, shortcuts: state.shortcuts });
});

const refreshMessages = coalesced(async () => {
  const { user, place } = here;
  if (place === HOME) return;
  const answer = await slack.messages(place, user);
  if (user !== here.user || place !== here.place) return;
  if (answer.error) return toast(sentence(answer.error));
  unread.seen(user, place, answer.messages);
  messages.show(`${user} ${place}`, answer.messages, names);
});

const refreshViews = coalesced(async () => {
  const { user } = here;
  const answer = await slack.views(user);
  if (user === here.user && answer.views) modals.show(answer.views, names);
});

const refreshHome = coalesced(async () => {
  const { user, place } = here;
  if (place !== HOME) return;
  const answer = await slack.home(user);
  if (user === here.user && !answer.error) home.show(answer.view, user, names);
});

const refreshUnread = coalesced(async () => {
  const { user } = here;
  await Promise.all(here.channels.filter(({ id }) => id !== here.place).map(async ({ id }) => {
    const answer = await slack.messages(id, user);
    if (answer.messages) unread.count(user, id, answer.messages);
  }));
  showPlaces();
});

function showPlaces() {
  sidebar.show({ ...here, unread: unread.of(here.user) });
}

/** Be at another place, or be another person; the address follows. */
async function go(wanted, { record = true } = {}) {
  Object.assign(here, wanted);
  dismiss();
  await refreshState();
  if (!here.people.some(({ id }) => id === here.user)) return wanted.user === FIRST_ACTOR ? null : go({ user: FIRST_ACTOR });
  if (here.place !== HOME && !here.channels.some(({ id }) => id === here.place)) here.place = here.channels[0]?.id ?? HOME;
  const address = `?${new URLSearchParams({ channel: here.place, user: here.user })}`;
  if (record && address !== location.search) history.pushState(null, "", address);
  showPlace();
  showPlaces();
  if (here.place === HOME) openHome();
  await Promise.all([refreshMessages(), refreshHome(), refreshViews()]);
  return refreshUnread();
}

/** The app hears of it, and may show something new then. */
async function openHome() {
  const answer = await slack.openHome(here.user);
  if (!answer.ok) toast(sentence(answer.error));
  refreshHome();
}

function showPlace() {
  const atHome = here.place === HOME;
  const channel = names.channel(here.place);
  const title = atHome ? "Home" : channel.is_im ? channel.name || "Quaymaster" : `#${channel.name}`;
  byId("place-name").textContent = title;
  byId("place-note").textContent = atHome ? "" : note(channel);
  byId("place-note").classList.toggle("usual", !channel?.is_ext_shared);
  byId("messages").hidden = byId("composer").hidden = atHome;
  byId("home").hidden = !atHome;
  byId("newer").hidden = true;
  document.title = `${title} · Quaymaster sandbox`;
  if (!atHome) composer.describe(title, here.command);
}

function changed({ changed: what, channel }) {
  if (what === "messages") {
    if (!channel || channel === here.place) refreshMessages();
    if (channel !== here.place) refreshUnread();
  } else if (what === "views") refreshViews();
  else if (what === "home") refreshHome();
  else if (what === "channels") refreshState().then(showPlaces);
}

function connected(isUp) {
  byId("connection").hidden = isUp;
  if (isUp) go({}, { record: false });
}

const fromAddress = () => {
  const address = new URLSearchParams(location.search);
  return { user: address.get("user") ?? FIRST_ACTOR, place: address.get("channel") };
};

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-channel]");
  if (!link) return;
  event.preventDefault();
  go({ place: link.dataset.channel });
});
window.addEventListener("popstate", () => go(fromAddress(), { record: false }));

new RegistryPanel();
await go(fromAddress());
listen(changed, connected);
