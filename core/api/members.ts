import { z } from 'zod';
import { invite_answer, invited_member, member, member_change, new_member } from '../access/member.ts';
import { reason } from '../access/slug.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const one = z.strictObject({ id: idOf('user') });
const because = z.strictObject({ reason });

/** The people of a tenant. */
export const member_endpoints = {
  inviteMember: endpoint({
    method: 'POST',
    path: '/api/v1/members',
    summary: 'Invite a person; the answer is the only place that shows the link',
    permission: 'administer',
    body: new_member,
    answer: invited_member,
    status: 201,
  }),
  listMembers: endpoint({
    method: 'GET',
    path: '/api/v1/members',
    summary: 'The people of the tenant',
    permission: 'read',
    query: page_query,
    answer: pageOf(member).meta({ id: 'MemberPage' }),
  }),
  getMember: endpoint({
    method: 'GET',
    path: '/api/v1/members/:id',
    summary: 'One person',
    permission: 'read',
    params: one,
    answer: member,
  }),
  changeMember: endpoint({
    method: 'PUT',
    path: '/api/v1/members/:id',
    summary: 'Change the role or the name of a person; the role is in force from the next request on',
    permission: 'administer',
    params: one,
    body: member_change,
    answer: member,
  }),
  inviteAgain: endpoint({
    method: 'POST',
    path: '/api/v1/members/:id/invite',
    summary: 'Make a new link: for who lost theirs, or forgot the password',
    permission: 'administer',
    params: one,
    body: because,
    answer: invited_member,
  }),
  disableMember: endpoint({
    method: 'POST',
    path: '/api/v1/members/:id/disable',
    summary: 'Let a person in no more; their sessions end at once',
    permission: 'administer',
    params: one,
    body: because,
    answer: member,
  }),
  enableMember: endpoint({
    method: 'POST',
    path: '/api/v1/members/:id/enable',
    summary: 'Let a person in again who was disabled; they need a new link',
    permission: 'administer',
    params: one,
    body: because,
    answer: invited_member,
  }),
  acceptInvite: endpoint({
    method: 'POST',
    path: '/api/v1/members/accept',
    summary: 'Choose a password with the link of an invitation',
    permission: 'public',
    body: invite_answer,
    answer: z.object({ email: z.string(), name: z.string() }),
  }),
} satisfies Endpoints;
