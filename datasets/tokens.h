#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sac {

/// A text as ids in [0, vocabulary).
struct Tokens {
  std::vector<std::int64_t> ids{};
  std::int64_t vocabulary = 0;
};

/// One token a character: ids by code point among those that occur.
/// @param name  of the text, for messages.
/// @throws DataError  the text is not UTF-8: names the first byte that does not fit.
Tokens character_tokens(std::string_view text, const std::string& name);

/// One token a byte, of 256.
Tokens byte_tokens(std::string_view text);

/// The code points of a text in UTF-8 (RFC 3629: no surrogates, nothing overlong).  @throws DataError  as above.
std::vector<char32_t> code_points(std::string_view text, const std::string& name);

}  // namespace sac
