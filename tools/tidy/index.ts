import { no_circles } from './circles.ts';
import { no_banners, no_ticket_numbers, no_unfinished_marks } from './comments.ts';
import { few_dependencies, only_govern_reaches_out, packages_keep_apart, rooms_keep_order } from './direction.ts';
import { no_any, no_barrels, no_default_exports, no_silenced_errors } from './form.ts';
import { flat_folders, names_that_say, one_word_for_control } from './names.ts';
import { core_is_pure, one_clock, one_environment } from './purity.ts';
import { registries_complete } from './registry.ts';
import type { Rule } from './rule.ts';
import { files_mostly_small, short_functions, small_files } from './size.ts';
import { migrations_in_order, one_writer_per_table, sql_in_store } from './sql.ts';
import { few_ways_out } from './ways-out.ts';

/** Every rule of form. */
export const rules: readonly Rule[] = [
  packages_keep_apart,
  rooms_keep_order,
  only_govern_reaches_out,
  few_ways_out,
  few_dependencies,
  no_circles,
  core_is_pure,
  one_environment,
  one_clock,
  sql_in_store,
  one_writer_per_table,
  migrations_in_order,
  registries_complete,
  no_any,
  no_silenced_errors,
  no_default_exports,
  no_barrels,
  names_that_say,
  flat_folders,
  one_word_for_control,
  no_unfinished_marks,
  no_ticket_numbers,
  no_banners,
  small_files,
  files_mostly_small,
  short_functions,
];
