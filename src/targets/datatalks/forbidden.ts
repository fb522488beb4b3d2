/**
 * Five different things are a 403 here, and only the gateway's `message` tells them apart (contract §5). The first is the
 * trap: it mostly means a wrong address, not a missing login.
 */

const causes: readonly { readonly says: RegExp; readonly hint: string }[] = [
  {
    says: /missing authentication token/i,
    hint: 'The gateway says this of an address that does not exist: check version, environment and baseUrl (POST …/v3/profiles, no trailing slash; only v2 is documented for staging)',
  },
  {
    says: /security token included in the request is invalid/i,
    hint: 'Check accessKeyId (DATATALKS_ACCESS_KEY_ID); staging and production may have different keys',
  },
  {
    says: /credential should be scoped|valid region/i,
    hint: 'The signature names another region than the API has: run `cdp-load targets check NAME`, which tries eu-west-1 and eu-north-1, and set region',
  },
  {
    says: /signature expired|not yet current|request has expired/i,
    hint: "Set this machine's clock: it may be no more than five minutes off",
  },
  {
    says: /signature we calculated does not match/i,
    hint: 'Check secretAccessKey (DATATALKS_SECRET_ACCESS_KEY), and that no proxy changes the body, Host or Content-Type',
  },
  {
    says: /not authorized to perform|access denied|explicit deny/i,
    hint: 'The key is valid but has no right to this call: ask Data Talks to grant it',
  },
];

const unknownCause = 'Data Talks or something before it forbids the call: show them the text above';

export const forbiddenHint = (says: string): string =>
  causes.find((cause) => cause.says.test(says))?.hint ?? unknownCause;

/** Whether the gateway found the key and its signature good and refused for another reason: no other region will do better. */
export const isOfRights = (says: string): boolean =>
  /not authorized to perform|access denied|explicit deny/i.test(says);
