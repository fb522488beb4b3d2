/** One of undici's own files, which its types tell of only as a part of the whole. */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';

  export = Agent;
}
