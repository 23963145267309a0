const snsHost = /^sns\.[a-z]{2,}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?$/;
const lengthMax = 2_048;

/** Where SNS says that its certificate is; undefined for any other place, as nobody may say where the relay asks. */
export function certificateAddress(text: string): URL | undefined {
  const address = snsAddress(text);
  return address?.search === "" && /^\/[\w-]+\.pem$/.test(address.pathname) ? address : undefined;
}

/** What is to be asked to confirm a subscription to this topic; undefined for whatever would do something else. */
export function confirmationAddress(text: string, topic: string): URL | undefined {
  const address = snsAddress(text);
  const isOnly = (name: string, value: string) => {
    const values = address?.searchParams.getAll(name) ?? [];
    return values.length === 1 && values[0] === value;
  };
  const confirms = isOnly("Action", "ConfirmSubscription") && isOnly("TopicArn", topic);
  return address?.pathname === "/" && confirms ? address : undefined;
}

function snsAddress(text: string): URL | undefined {
  if (text.length > lengthMax || !URL.canParse(text)) return undefined;
  const address = new URL(text);
  const { protocol, username, password, port, hash, hostname } = address;
  const isPlain = protocol === "https:" && [username, password, port, hash].every((part) => part === "");
  return isPlain && snsHost.test(hostname) ? address : undefined;
}
