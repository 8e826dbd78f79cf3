#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "functionfuse/error.hpp"

#include "io/s3/uri.hpp"
#include "io/s3/xml.hpp"

// Any bytes as the body of a reply: a CorruptError, or what a reply of S3 may say. The first byte
// chooses which one.

namespace ff = functionfuse;
namespace s3 = functionfuse::io::s3;

namespace {

/// Whatever text came out of a reply can be sent back.
void send_back(const std::string& text) {
  if (s3::decode_listed(s3::encode_uri(text)) != text) std::abort();
}

void check_list(std::string_view xml) {
  const s3::ListPage page = s3::parse_list(xml);
  for (const s3::ListedObject& object : page.objects) send_back(object.key);
  for (const std::string& prefix : page.prefixes) send_back(prefix);
  send_back(page.next);
}

void check_error(std::string_view xml) {
  const auto error = s3::parse_error(xml);
  if (error && error->code.size() + error->message.size() > xml.size()) std::abort();
}

/// A key that did not go is named in a request again, which is XML that is read again.
void check_deleted(std::string_view xml) {
  for (const s3::KeyError& error : s3::parse_deleted(xml)) {
    if (!s3::fits_xml(error.key)) continue;
    const std::vector<std::string> keys = {error.key};
    if (s3::delete_request(keys).find("<Object><Key>") == std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view xml(reinterpret_cast<const char*>(bytes + 1), size - 1);
  try {
    switch (bytes[0] % 5) {
      case 0:
        check_list(xml);
        break;
      case 1:
        check_error(xml);
        break;
      case 2:
        check_deleted(xml);
        break;
      case 3:
        static_cast<void>(s3::parse_upload_id(xml));
        break;
      case 4:
        static_cast<void>(s3::parse_completed(xml));
        break;
    }
  } catch (const ff::CorruptError&) {
  }
  return 0;
}
