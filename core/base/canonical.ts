import serializer from 'canonicalize';
import { present } from './assert.ts';

/** Its declaration speaks of a default export that the module itself does not have. */
const serialize = serializer as unknown as (value: unknown) => string | undefined;

/** The one JSON text of a value (RFC 8785): equal values are equal texts, whatever the order of their members. */
export const canonicalText = (value: unknown): string => present(serialize(value), 'the text of a value');
