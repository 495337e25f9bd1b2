#include "json.h"

#include <charconv>
#include <cstring>
#include <utility>

namespace ceras::detail {

const Json* Json::get(const char* key) const {
  for (std::size_t at = 0; at < keys.size(); ++at) {
    if (keys[at] == key) return &items[at];
  }
  return nullptr;
}

const Json& Json::nothing() {
  static const Json null;
  return null;
}

namespace {

constexpr int kDepth = 64;  // deeper nesting is no file of ours, and would use up the stack

class Parser {
 public:
  Parser(const char* text, std::size_t size) : at_(text), begin_(text), end_(text + size) {}

  bool document(Json& value) {
    if (!element(value, 0)) return false;
    blanks();
    return at_ == end_ || fail("text behind the end");
  }

  std::string problem() const { return problem_ + " at byte " + std::to_string(at_ - begin_); }

 private:
  bool fail(const char* what) {
    problem_ = what;
    return false;
  }

  void blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool take(char wanted) {
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  bool word(const char* wanted) {
    const std::size_t length = std::strlen(wanted);
    if (static_cast<std::size_t>(end_ - at_) < length || std::memcmp(at_, wanted, length) != 0) {
      return fail("an unknown word");
    }
    at_ += length;
    return true;
  }

  bool element(Json& value, int depth) {
    if (depth > kDepth) return fail("nested too deeply");
    blanks();
    if (at_ == end_) return fail("the text ends early");
    switch (*at_) {
      case '{': return object(value, depth);
      case '[': return array(value, depth);
      case '"': value.kind = Json::Kind::string; return string(value.text);
      case 't': value.kind = Json::Kind::boolean; value.flag = true; return word("true");
      case 'f': value.kind = Json::Kind::boolean; return word("false");
      case 'n': return word("null");
      default: return number(value);
    }
  }

  bool object(Json& value, int depth) {
    value.kind = Json::Kind::object;
    ++at_;
    blanks();
    if (take('}')) return true;
    do {
      blanks();
      std::string key;
      if (at_ == end_ || *at_ != '"') return fail("a name is missing");
      if (!string(key)) return false;
      if (value.get(key.c_str()) != nullptr) return fail("a name comes twice");
      blanks();
      if (!take(':')) return fail("a colon is missing");
      value.keys.push_back(std::move(key));
      value.items.emplace_back();
      if (!element(value.items.back(), depth + 1)) return false;
      blanks();
    } while (take(','));
    return take('}') || fail("an object does not end");
  }

  bool array(Json& value, int depth) {
    value.kind = Json::Kind::array;
    ++at_;
    blanks();
    if (take(']')) return true;
    do {
      value.items.emplace_back();
      if (!element(value.items.back(), depth + 1)) return false;
      blanks();
    } while (take(','));
    return take(']') || fail("a list does not end");
  }

  bool string(std::string& text) {
    ++at_;
    while (at_ != end_ && *at_ != '"') {
      const unsigned char letter = static_cast<unsigned char>(*at_++);
      if (letter < 0x20) return fail("a control character in a string");
      if (letter != '\\') {
        text.push_back(static_cast<char>(letter));
      } else if (!escape(text)) {
        return false;
      }
    }
    return take('"') || fail("a string does not end");
  }

  bool escape(std::string& text) {
    if (at_ == end_) return fail("a string does not end");
    const char kind = *at_++;
    switch (kind) {
      case 'b': text.push_back('\b'); return true;
      case 'f': text.push_back('\f'); return true;
      case 'n': text.push_back('\n'); return true;
      case 'r': text.push_back('\r'); return true;
      case 't': text.push_back('\t'); return true;
      case '"': case '\\': case '/': text.push_back(kind); return true;
      case 'u': break;
      default: return fail("an unknown escape");
    }
    std::uint32_t code = 0, low = 0;
    if (!hexadecimal(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      const bool pair = take('\\') && take('u') && hexadecimal(low) && low >= 0xDC00 && low < 0xE000;
      if (!pair) return fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    utf8(text, code);
    return true;
  }

  bool hexadecimal(std::uint32_t& code) {
    if (end_ - at_ < 4) return fail("a string does not end");
    const auto parsed = std::from_chars(at_, at_ + 4, code, 16);
    if (parsed.ptr != at_ + 4) return fail("an unknown escape");
    at_ += 4;
    return true;
  }

  static void utf8(std::string& text, std::uint32_t code) {
    const auto tail = [&](int shift) { text.push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3F))); };
    if (code < 0x80) {
      text.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
      text.push_back(static_cast<char>(0xC0 | (code >> 6)));
      tail(0);
    } else if (code < 0x10000) {
      text.push_back(static_cast<char>(0xE0 | (code >> 12)));
      tail(6), tail(0);
    } else {
      text.push_back(static_cast<char>(0xF0 | (code >> 18)));
      tail(12), tail(6), tail(0);
    }
  }

  static bool digits(const char*& at, const char* end) {
    const char* const begin = at;
    while (at != end && *at >= '0' && *at <= '9') ++at;
    return at != begin;
  }

  // Whether a number of RFC 8259 begins here, which excludes 01, 1. and .5; its end.
  bool number_end(const char*& at) const {
    at = at_ + (*at_ == '-' ? 1 : 0);
    const char* const whole = at;
    if (!digits(at, end_) || (*whole == '0' && at - whole > 1)) return false;
    if (at != end_ && *at == '.' && !digits(++at, end_)) return false;
    if (at == end_ || (*at != 'e' && *at != 'E')) return true;
    ++at;
    if (at != end_ && (*at == '+' || *at == '-')) ++at;
    return digits(at, end_);
  }

  // Whatever the locale is.
  bool number(Json& value) {
    value.kind = Json::Kind::number;
    const char* end = nullptr;
    if (!number_end(end)) return fail("a number is expected");
    const auto real = std::from_chars(at_, end, value.number);
    if (real.ec != std::errc()) return fail("a number is out of range");
    const auto whole = std::from_chars(at_, real.ptr, value.whole);
    value.flag = whole.ec == std::errc() && whole.ptr == real.ptr;
    at_ = real.ptr;
    return true;
  }

  const char* at_;
  const char* begin_;
  const char* end_;
  std::string problem_;
};

}  // namespace

bool parse_json(const char* text, std::size_t size, Json& value, std::string& problem) {
  Parser parser(text, size);
  if (parser.document(value)) return true;
  problem = parser.problem();
  return false;
}

}  // namespace ceras::detail
