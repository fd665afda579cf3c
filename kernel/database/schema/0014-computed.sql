-- What formulas are made of. None of these raises: whatever has no answer is null. Numbers are kept
-- between 1e-140 and 1e140, so that no product, quotient, sum or average of them leaves the range of
-- float8; days and moments between the years 1 and 9999.

create function kernel.calc_num(x float8) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  if abs(x) < 1e-140 then return 0; end if;
  -- Comparisons with NaN and the infinities fail here as well.
  if abs(x) <= 1e140 then return x; end if;
  return null;
end
$$;

create function kernel.calc_exact(x numeric) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  if abs(x) <= 1e140 then return kernel.calc_num(round(x, 150)::float8); end if;
  return null;
end
$$;

create function kernel.calc_number(x text) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  if length(x) > 400 or x !~ '^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\s*$' then return null; end if;
  if not pg_input_is_valid(x, 'float8') then return null; end if;
  return kernel.calc_num(x::float8);
end
$$;

create function kernel.calc_text(x float8) returns text
language plpgsql immutable strict parallel safe
as $$
begin
  if abs(x) < 1e15 and x = trunc(x) then return x::bigint::text; end if;
  return x::text;
end
$$;

-- A number of characters, digits or units: whole, and small enough to be an integer.
create function kernel.calc_whole(x float8) returns integer
language plpgsql immutable strict parallel safe
as $$
begin
  return trunc(greatest(least(x, 1000000000), -1000000000))::integer;
end
$$;

-- The same, within bounds.
create function kernel.calc_count(x float8, least_of_all integer, most integer) returns integer
language plpgsql immutable strict parallel safe
as $$
begin
  return least(greatest(kernel.calc_whole(x), least_of_all), most);
end
$$;

create function kernel.calc_round(x float8, digits float8) returns float8
language plpgsql immutable strict parallel safe
as $$
declare
  n integer := kernel.calc_whole(digits);
begin
  if digits <> n or n < -15 or n > 15 then return null; end if;
  if abs(x) >= 1e15 then return x; end if;
  -- As it is written: 2.675 rounds to 2.68, whatever its binary fraction.
  return kernel.calc_num(round(x::text::numeric, n)::float8);
end
$$;

create function kernel.calc_mod(x float8, y float8) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  if y = 0 or abs(x / y) > 1e15 then return null; end if;
  return kernel.calc_num(x - y * trunc(x / y));
end
$$;

create function kernel.calc_power(x float8, y float8) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  if y = 0 then return 1; end if;
  if x = 0 then return case when y > 0 then 0 end; end if;
  if x < 0 and y <> trunc(y) then return null; end if;
  if abs(y) > 1e6 then
    return case when abs(x) = 1 then case when x > 0 or y / 2 = trunc(y / 2) then 1 else -1 end end;
  end if;
  if y * log(abs(x)) > 140 then return null; end if;
  if y * log(abs(x)) < -140 then return 0; end if;
  return kernel.calc_num(power(x, y));
end
$$;

create function kernel.calc_sqrt(x float8) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  return case when x >= 0 then kernel.calc_num(sqrt(x)) end;
end
$$;

create function kernel.calc_exp(x float8) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  if x > 322 then return null; end if;
  if x < -322 then return 0; end if;
  return kernel.calc_num(exp(x));
end
$$;

create function kernel.calc_log(x float8, base float8) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  if x <= 0 or base <= 0 or base = 1 then return null; end if;
  if base = 10 then return kernel.calc_num(log(x)); end if;
  return kernel.calc_num(ln(x) / ln(base));
end
$$;

create function kernel.calc_ln(x float8) returns float8
language plpgsql immutable strict parallel safe
as $$
begin
  return case when x > 0 then kernel.calc_num(ln(x)) end;
end
$$;

create function kernel.calc_day(x date) returns date
language plpgsql immutable strict parallel safe
as $$
begin
  return case when x between date '0001-01-01' and date '9999-12-31' then x end;
end
$$;

create function kernel.calc_moment(x timestamptz) returns timestamptz
language plpgsql stable strict parallel safe
as $$
begin
  -- A day away from the ends, so that no time zone leads past them.
  return case when x between timestamptz '0001-01-02 00:00:00+00' and timestamptz '9999-12-30 00:00:00+00' then x end;
end
$$;

create function kernel.calc_date(x text) returns date
language plpgsql immutable strict parallel safe
as $$
begin
  if x !~ '^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}' then return null; end if;
  if not pg_input_is_valid(left(btrim(x), 10), 'date') then return null; end if;
  return kernel.calc_day(left(btrim(x), 10)::date);
end
$$;

create function kernel.calc_date_of(y float8, m float8, d float8) returns date
language plpgsql immutable strict parallel safe
as $$
begin
  if y <> trunc(y) or m <> trunc(m) or d <> trunc(d)
    or y < 1 or y > 9999 or m < 1 or m > 12 or d < 1 or d > 31 then return null; end if;
  return kernel.calc_date(lpad(y::text, 4, '0') || '-' || lpad(m::text, 2, '0') || '-' || lpad(d::text, 2, '0'));
end
$$;

-- How long some units are; null when it is longer than the calendar.
create function kernel.calc_interval(n float8, unit text) returns interval
language plpgsql immutable strict parallel safe
as $$
declare
  k integer := kernel.calc_whole(n);
begin
  if abs(n) > 100000000 then return null; end if;
  case unit
    when 'y' then if abs(k) <= 10000 then return make_interval(years => k); end if;
    when 'm' then if abs(k) <= 120000 then return make_interval(months => k); end if;
    when 'w' then if abs(k) <= 530000 then return make_interval(weeks => k); end if;
    when 'd' then if abs(k) <= 3700000 then return make_interval(days => k); end if;
    when 'h' then if abs(k) <= 90000000 then return make_interval(hours => k); end if;
    else return null;
  end case;
  return null;
end
$$;

-- Whether a step leads near the calendar, so that taking it cannot raise.
create function kernel.calc_leads(year numeric, step interval) returns boolean
language plpgsql immutable strict parallel safe
as $$
begin
  return year + extract(epoch from step) / 31557600 between -10 and 10010;
end
$$;

create function kernel.calc_date_add(x date, n float8, unit text) returns date
language plpgsql immutable strict parallel safe
as $$
begin
  if kernel.calc_leads(extract(year from x), kernel.calc_interval(n, unit)) is not true then return null; end if;
  return kernel.calc_day((x + kernel.calc_interval(n, unit))::date);
end
$$;

create function kernel.calc_moment_add(x timestamptz, n float8, unit text, zone text) returns timestamptz
language plpgsql stable strict parallel safe
as $$
begin
  if kernel.calc_leads(extract(year from x), kernel.calc_interval(n, unit)) is not true then return null; end if;
  if unit = 'h' then return kernel.calc_moment(x + kernel.calc_interval(n, unit)); end if;
  return kernel.calc_moment(((x at time zone zone) + kernel.calc_interval(n, unit)) at time zone zone);
end
$$;

-- Whole units from one day to another; months and years count when their day is reached.
create function kernel.calc_date_diff(a date, b date, unit text) returns float8
language plpgsql immutable strict parallel safe
as $$
declare
  between_them interval := age(b::timestamp, a::timestamp);
begin
  return case unit
    when 'd' then b - a
    when 'w' then trunc((b - a) / 7.0)
    when 'm' then extract(year from between_them) * 12 + extract(month from between_them)
    when 'y' then extract(year from between_them)
  end;
end
$$;

create function kernel.calc_start_of(x date, unit text) returns date
language plpgsql immutable strict parallel safe
as $$
begin
  return case unit
    when 'w' then kernel.calc_day(date_trunc('week', x::timestamp)::date)
    when 'm' then date_trunc('month', x::timestamp)::date
    when 'q' then date_trunc('quarter', x::timestamp)::date
    when 'y' then date_trunc('year', x::timestamp)::date
    when 'd' then x
  end;
end
$$;

create function kernel.calc_end_of(x date, unit text) returns date
language plpgsql immutable strict parallel safe
as $$
begin
  return kernel.calc_day(case unit
    when 'w' then date_trunc('week', x::timestamp)::date + 6
    when 'm' then (date_trunc('month', x::timestamp) + interval '1 month')::date - 1
    when 'q' then (date_trunc('quarter', x::timestamp) + interval '3 months')::date - 1
    when 'y' then (date_trunc('year', x::timestamp) + interval '1 year')::date - 1
    when 'd' then x
  end);
end
$$;

do $$
declare
  called text;
begin
  for called in select p.oid::regprocedure::text from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'kernel' and p.proname like 'calc\_%'
  loop
    execute pg_catalog.format('grant execute on function %s to runway_server', called);
  end loop;
end
$$;
