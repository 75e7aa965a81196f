import type { documented_endpoints } from '@aos/core/api/index.ts';
import type { z } from 'zod';

type Contract = typeof documented_endpoints;

/** Endpoints that answer with events: the client has a function for each. */
type StreamName = {
  [Name in keyof Contract]: z.output<Contract[Name]['answer']> extends AsyncIterable<unknown> ? Name : never;
}[keyof Contract];

/** Every other endpoint by the name it has in the contract and in `/openapi.json`. */
export type EndpointName = Exclude<keyof Contract, StreamName>;

type Params<Name extends EndpointName> = z.output<Contract[Name]['params']>;

/** Members as the server reads them; which of them may be left out is what the caller's form says. */
type Optional<Read, Sent> = { [Key in keyof Sent]: Key extends keyof Read ? Read[Key] : never };

/** What a list or another GET is asked with. */
export type Query<Name extends EndpointName> = Optional<
  z.output<Contract[Name]['query']>,
  z.input<Contract[Name]['query']>
>;

/** What is sent, before the server fills in defaults. */
export type Body<Name extends EndpointName> = z.input<Contract[Name]['body']>;

/** What the server answers. */
export type Answer<Name extends EndpointName> = z.output<Contract[Name]['answer']>;

/** The members of a list that this endpoint answers. */
export type Item<Name extends EndpointName> = Answer<Name> extends { items: (infer One)[] } ? One : never;

/** Endpoints that answer a part of a list, with a cursor for the next one. */
export type ListName = {
  [Name in EndpointName]: Answer<Name> extends { items: unknown[]; next_cursor: string | null } ? Name : never;
}[EndpointName];

type Nothing = Record<string, never>;
type Part<Key extends string, Of> = Of extends Nothing
  ? { [key in Key]?: undefined }
  : Nothing extends Of
    ? { [key in Key]?: Of }
    : { [key in Key]: Of };

/** What a call needs: parameters of its path, query and body, each only where the endpoint has one. */
export type Input<Name extends EndpointName> = Part<'params', Params<Name>> &
  Part<'query', Query<Name>> &
  Part<'body', Body<Name>>;

/** Method and path of every endpoint. */
export type EndpointTable = { readonly [Name in keyof Contract]: `${Contract[Name]['method']} ${string}` };
