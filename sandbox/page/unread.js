/** How many messages each person has not seen yet, channel by channel. Survives a reload of the page. */

const KEY = "sandbox-seen";

export class Unread {
  constructor() {
    this.latest = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    this.counts = new Map();
  }

  /** Everything in the channel has been seen by this person. */
  seen(user, channel, messages) {
    const place = `${user} ${channel}`;
    this.counts.delete(place);
    this.latest[place] = messages.at(-1)?.ts ?? "0";
    sessionStorage.setItem(KEY, JSON.stringify(this.latest));
  }

  /** Count what came since, without seeing it. */
  count(user, channel, messages) {
    const place = `${user} ${channel}`;
    const since = this.latest[place] ?? "0";
    this.counts.set(place, messages.filter(({ ts }) => Number(ts) > Number(since)).length);
  }

  /** The counts of one person by channel. */
  of(user) {
    const own = [...this.counts].filter(([place]) => place.startsWith(`${user} `));
    return new Map(own.map(([place, count]) => [place.slice(user.length + 1), count]));
  }
}
