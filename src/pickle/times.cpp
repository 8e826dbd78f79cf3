#include <algorithm>

#include "functionfuse/pickle/types.hpp"
#include "pickle/globals.hpp"

// datetime.datetime and datetime.timedelta, as their __reduce__ has them.

namespace functionfuse::detail {

namespace {

using std::chrono::days;
using std::chrono::microseconds;

constexpr std::int64_t kDay = 86'400'000'000;  // microseconds

/// The argument tuple of a call of the class `id`; null where the object is something else.
const Container* arguments(const Slot& slot, GlobalId id) {
  if (slot.kind() != Kind::object) return nullptr;
  const auto* object = static_cast<const Opaque*>(slot.object);
  if (object->cls.kind() != Kind::global ||
      static_cast<const Global*>(object->cls.object)->id != id) {
    return nullptr;
  }
  return static_cast<const Container*>(object->args.object);
}

std::optional<std::int64_t> timedelta_of(const Slot& slot) {
  const Container* args = arguments(slot, GlobalId::timedelta);
  if (args == nullptr || args->size != 3) return std::nullopt;
  for (int i = 0; i < 3; ++i) {
    if (args->items[i].tag != Kind::integer) return std::nullopt;
  }
  std::int64_t result, seconds;
  if (__builtin_mul_overflow(args->items[0].integer, kDay, &result) ||
      __builtin_mul_overflow(args->items[1].integer, std::int64_t{1'000'000}, &seconds) ||
      __builtin_add_overflow(result, seconds, &result) ||
      __builtin_add_overflow(result, args->items[2].integer, &result)) {
    return std::nullopt;
  }
  return result;
}

/// Microseconds east of UTC; nothing for a time zone that is not a fixed offset.
std::optional<std::int64_t> utc_offset(const Slot& slot) {
  const Container* args = arguments(slot, GlobalId::timezone);
  if (args == nullptr || args->size == 0) return std::nullopt;
  return timedelta_of(args->items[0]);
}

/// datetime64 and timedelta64 scalars: ticks into microseconds.
std::optional<std::int64_t> numpy_ticks(const Reading& r, char kind) {
  if (r.kind() != Kind::scalar && r.kind() != Kind::ndarray) return std::nullopt;
  NdArray array = r.value().as_array();
  if (array.ndim() != 0 || array.dtype().kind() != kind) return std::nullopt;
  auto ticks = array.reinterpret(DType::of<std::int64_t>().newbyteorder(array.dtype().byteorder()))
                   .at<std::int64_t>();
  if (ticks == INT64_MIN) r.fail("NaT has no counterpart in std::chrono");
  struct Unit {
    std::string_view name;
    std::int64_t multiply, divide;
  };
  constexpr Unit kUnits[] = {{"W", 7 * kDay, 1},      {"D", kDay, 1},
                             {"h", 3'600'000'000, 1}, {"m", 60'000'000, 1},
                             {"s", 1'000'000, 1},     {"ms", 1000, 1},
                             {"us", 1, 1},            {"ns", 1, 1000}};
  for (const Unit& unit : kUnits) {
    if (unit.name != array.dtype().unit()) continue;
    std::int64_t result;
    if (__builtin_mul_overflow(ticks, array.dtype().unit_count(), &result) ||
        __builtin_mul_overflow(result, unit.multiply, &result)) {
      r.fail("a time that is out of range");
    }
    return result / unit.divide - (result % unit.divide < 0 ? 1 : 0);
  }
  return std::nullopt;
}

}  // namespace

void check_sys_time(long double seconds) {
  if (!(std::abs(seconds) < 1e12L)) {  // 31,000 years; NaN too
    throw Error(Errc::invalid_argument,
                "a time " + std::to_string(seconds) +
                    " seconds from 1970: Python's datetime holds the years 1 to 9999");
  }
}

void check_duration(long double seconds) {
  if (!(std::abs(seconds) < 1e9L * 86'400)) {
    throw Error(Errc::invalid_argument,
                "a duration of " + std::to_string(seconds) +
                    " seconds: Python's timedelta holds less than 1,000,000,000 days");
  }
}

void save_sys_time(Pickler& p, std::int64_t since_1970) {
  std::chrono::sys_time<microseconds> time{microseconds(since_1970)};
  auto day = std::chrono::floor<days>(time);
  std::chrono::year_month_day date(day);
  auto year = static_cast<int>(date.year());
  if (year < 1 || year > 9999) {
    throw Error(Errc::invalid_argument, "a time in the year " + std::to_string(year) +
                                            ": Python's datetime holds the years 1 to 9999");
  }
  auto rest = (time - day).count();
  auto seconds = rest / 1'000'000, fraction = rest % 1'000'000;
  auto byte = [](std::int64_t value) { return static_cast<std::byte>(value & 0xFF); };
  const std::array<std::byte, 10> state{
      byte(year >> 8),
      byte(year),
      byte(static_cast<unsigned>(date.month())),
      byte(static_cast<unsigned>(date.day())),
      byte(seconds / 3600),
      byte(seconds / 60 % 60),
      byte(seconds % 60),
      byte(fraction >> 16),
      byte(fraction >> 8),
      byte(fraction)};
  p.global("datetime", "datetime");
  p.bytes(state);
  p.tuple_of(1);
  p.reduce();
}

std::int64_t read_sys_time(const Reading& r) {
  if (auto ticks = numpy_ticks(r, 'M')) return *ticks;
  const Container* args = arguments(r.slot(), GlobalId::datetime);
  if (args == nullptr || args->size == 0 || args->items[0].kind() != Kind::bytes ||
      args->items[0].object->size != 10) {
    r.fail_expected("datetime.datetime");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(
      static_cast<const Blob*>(args->items[0].object)->data);
  std::chrono::year_month_day date{std::chrono::year((bytes[0] << 8) | bytes[1]),
                                   std::chrono::month(bytes[2] & 0x7Fu),
                                   std::chrono::day(bytes[3])};
  if (!date.ok() || bytes[4] > 23 || bytes[5] > 59 || bytes[6] > 59) {
    r.fail("a datetime.datetime that is not a time");
  }
  std::int64_t time = std::chrono::sys_days(date).time_since_epoch().count() * kDay;
  time += ((bytes[4] * 60 + bytes[5]) * 60 + bytes[6]) * std::int64_t{1'000'000};
  time += (bytes[7] << 16) | (bytes[8] << 8) | bytes[9];
  if (args->size > 1 && args->items[1].tag != Kind::none) {
    auto offset = utc_offset(args->items[1]);
    if (!offset) {
      r.fail("a datetime.datetime with a time zone that is not a fixed offset from UTC; store it "
             "in UTC");
    }
    time -= *offset;
  }
  return time;
}

void save_duration(Pickler& p, std::int64_t days, std::int64_t seconds,
                   std::int64_t microseconds) {
  if (days > 999'999'999 || days < -999'999'999) {
    throw Error(Errc::invalid_argument,
                "a duration of " + std::to_string(days) +
                    " days: Python's timedelta holds at most 999,999,999");
  }
  p.global("datetime", "timedelta");
  p.integer(days);
  p.integer(seconds);
  p.integer(microseconds);
  p.tuple_of(3);
  p.reduce();
}

std::int64_t read_duration(const Reading& r) {
  if (auto ticks = numpy_ticks(r, 'm')) return *ticks;
  auto microseconds = timedelta_of(r.slot());
  if (!microseconds) r.fail_expected("datetime.timedelta (of at most 292,271 years)");
  return *microseconds;
}

}  // namespace functionfuse::detail
