import { expect, test } from "vitest";
import { certificateAddress, confirmationAddress } from "./address.ts";

const topic = "arn:aws:sns:us-east-1:123456789012:contacts";
const query = `?Action=ConfirmSubscription&TopicArn=${topic}&Token=abc`;

test.each([
  "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
  "https://sns.us-gov-west-1.amazonaws.com/a.pem",
  "https://sns.cn-north-1.amazonaws.com.cn/a.pem",
])("a certificate may be at %s", (address) => {
  expect(certificateAddress(address)?.href).toBe(address);
});

/** Hosts, and what stands before a path, that are not SNS. */
const foreign = [
  "https://evil.example/",
  "https://sns.us-east-1.amazonaws.com.evil.com/",
  "https://evil.com/sns.us-east-1.amazonaws.com/",
  "https://sns.us-east-1.amazonaws.com@evil.com/",
  "https://user:password@sns.us-east-1.amazonaws.com/",
  "https://user@sns.us-east-1.amazonaws.com/",
  "https://sns.us-east-1.amazonaws.com:8443/",
  "http://sns.us-east-1.amazonaws.com/",
  "file://sns.us-east-1.amazonaws.com/",
  "https://sns.us-east-1.amazonaws.com./",
  "https://xsns.us-east-1.amazonaws.com/",
  "https://sns.amazonaws.com/",
  "https://sns.evil.amazonaws.com/",
  "https://sns.evil.com#.us-east-1.amazonaws.com/",
  "https://sns.us-east-1.s3.amazonaws.com/",
  "https://s3.us-east-1.amazonaws.com/",
  "https://sns.us-east-1.amazonaws.co/",
  "https://sns.us-east-1.amazonaws.com.cn.evil.com/",
  "https://sns.us-east-1.amazonaws.com\\@evil.com/",
  "https://127.0.0.1/",
  "https://[::1]/",
  "https://169.254.169.254/",
  "//sns.us-east-1.amazonaws.com/",
  "",
];

test.each(foreign)("nothing is asked for at %s", (start) => {
  expect(certificateAddress(`${start}a.pem`)).toBeUndefined();
  expect(confirmationAddress(`${start}${query}`, topic)).toBeUndefined();
});

test.each([
  "a.txt",
  "",
  "a.pem/",
  "a.pem?x=.pem",
  "?x=a.pem",
  "a.pem#b",
  "a%2epem",
  "../a/b.pem",
  "folder/a.pem",
  `${"a".repeat(3_000)}.pem`,
])("no certificate is at %s of SNS", (path) => {
  expect(certificateAddress(`https://sns.us-east-1.amazonaws.com/${path}`)).toBeUndefined();
});

test("a subscription is confirmed to this topic, and nothing else is done", () => {
  const start = "https://sns.us-east-1.amazonaws.com/";
  expect(confirmationAddress(`${start}${query}`, topic)?.href).toBe(`${start}${query}`);
  for (const other of [
    `${start}?Action=DeleteTopic&TopicArn=${topic}`,
    `${start}?Action=ConfirmSubscription&TopicArn=${topic}-other&Token=abc`,
    `${start}?Action=ConfirmSubscription&Action=Unsubscribe&TopicArn=${topic}`,
    `${start}?Action=ConfirmSubscription&TopicArn=${topic}&TopicArn=other`,
    `${start}path${query}`,
    start,
  ]) {
    expect(confirmationAddress(other, topic), other).toBeUndefined();
  }
});
