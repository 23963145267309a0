import { afterAll, beforeAll, describe } from "vitest";
import { acceptingContract } from "../store-contract/accepting.ts";
import { auditContract } from "../store-contract/audit.ts";
import { claimingContract } from "../store-contract/claiming.ts";
import { listingContract } from "../store-contract/listing.ts";
import { erasingContract } from "../store-contract/erasing.ts";
import { erasingMidwayContract } from "../store-contract/erasing-midway.ts";
import { archiveContract } from "../store-contract/archive.ts";
import { archiveErasedContract } from "../store-contract/archive-erased.ts";
import { groupsContract } from "../store-contract/groups.ts";
import { historyContract } from "../store-contract/history.ts";
import { hostileTextContract } from "../store-contract/hostile-text.ts";
import { mailboxesContract } from "../store-contract/mailboxes.ts";
import { noticesContract } from "../store-contract/notices.ts";
import { numbersContract } from "../store-contract/numbers.ts";
import { paceContract } from "../store-contract/pace.ts";
import { parkedContract } from "../store-contract/parked.ts";
import { prioritiesContract } from "../store-contract/priorities.ts";
import { recordsContract } from "../store-contract/records.ts";
import { replaysContract } from "../store-contract/replays.ts";
import { replicasContract } from "../store-contract/replicas.ts";
import { signOutsContract } from "../store-contract/sign-outs.ts";
import { wakingContract } from "../store-contract/waking.ts";
import { missingContract } from "../store-contract/missing.ts";
import { personsContract } from "../store-contract/persons.ts";
import { wholeContract } from "../store-contract/whole.ts";
import type { OpenedForTest, OpenForTest, Suite } from "../store-contract/suite.ts";

export type { OpenForTest } from "../store-contract/suite.ts";

/** What every engine promises through the store port. */
export function storeContract(name: string, open: OpenForTest): void {
  describe(`the store contract: ${name}`, () => {
    let opened: OpenedForTest | undefined;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      await opened?.dispose();
    });
    const suite: Suite = {
      store() {
        if (!opened) throw new Error("the store is opened before the first test");
        return opened.store;
      },
      async withStore(overrides, work) {
        const own = await open(overrides);
        try {
          await work(own);
        } finally {
          await own.dispose();
        }
      },
    };

    acceptingContract(suite);
    hostileTextContract(suite);
    recordsContract(suite);
    claimingContract(suite);
    listingContract(suite);
    erasingContract(suite);
    erasingMidwayContract(suite);
    parkedContract(suite);
    groupsContract(suite);
    mailboxesContract(suite);
    numbersContract(suite);
    auditContract(suite);
    historyContract(suite);
    wakingContract(suite);
    missingContract(suite);
    personsContract(suite);
    replaysContract(suite);
    noticesContract(suite);
    signOutsContract(suite);
    replicasContract(suite);
    prioritiesContract(suite);
    paceContract(suite);
    wholeContract(suite);
    archiveContract(suite);
    archiveErasedContract(suite);
  });
}
