#include "io/s3/xml.hpp"

#include <algorithm>
#include <charconv>

#include <pugixml.hpp>

#include "functionfuse/error.hpp"

#include "io/s3/uri.hpp"

namespace functionfuse::io::s3 {
namespace {

constexpr unsigned kFlags = pugi::parse_default | pugi::parse_ws_pcdata_single;

/// Parses `xml` into `document`; its root has to be `root`.
pugi::xml_node load(pugi::xml_document& document, std::string_view xml, const char* root) {
  if (xml.size() > kMostXmlBytes) throw CorruptError("the server's XML is too large");
  const auto result = document.load_buffer(xml.data(), xml.size(), kFlags, pugi::encoding_utf8);
  if (!result) {
    throw CorruptError(
        std::string("the server's reply is not well-formed XML: ") + result.description(),
        static_cast<std::uint64_t>(result.offset));
  }
  const pugi::xml_node node = document.document_element();
  if (std::string_view(node.name()) != root) {
    throw CorruptError(std::string("the server's reply is no ") + root);
  }
  return node;
}

std::string text_of(const pugi::xml_node& node, const char* child) {
  return node.child_value(child);
}

std::string needed(const pugi::xml_node& node, const char* child) {
  std::string text = text_of(node, child);
  if (text.empty()) {
    throw CorruptError(std::string("the server's reply has a ") + node.name() + " without " +
                       child);
  }
  return text;
}

std::uint64_t number_of(const pugi::xml_node& node, const char* child) {
  const std::string text = needed(node, child);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw CorruptError(std::string("the server's reply has a ") + child + " that is no number");
  }
  return number;
}

/// The document, in the memory of a string.
struct StringWriter : pugi::xml_writer {
  void write(const void* data, std::size_t size) override {
    text.append(static_cast<const char*>(data), size);
  }
  std::string text;
};

std::string text_of(const pugi::xml_document& document) {
  StringWriter writer;
  document.save(writer, "", pugi::format_raw, pugi::encoding_utf8);
  return std::move(writer.text);
}

pugi::xml_node add_root(pugi::xml_document& document, const char* name) {
  pugi::xml_node root = document.append_child(name);
  root.append_attribute("xmlns") = "http://s3.amazonaws.com/doc/2006-03-01/";
  return root;
}

void add_text(pugi::xml_node& node, const char* name, const std::string& text) {
  node.append_child(name).append_child(pugi::node_pcdata).set_value(text.c_str());
}

}  // namespace

std::string without_quotes(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::optional<ErrorReply> parse_error(std::string_view xml) {
  // Much that comes with an error status is not from S3 at all, but from a proxy.
  if (xml.size() > kMostXmlBytes || xml.find("<Error") == xml.npos) return {};
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), kFlags, pugi::encoding_utf8)) return {};
  const pugi::xml_node error = document.child("Error");
  if (!error) return {};
  return ErrorReply{text_of(error, "Code"), text_of(error, "Message"), text_of(error, "RequestId"),
                    text_of(error, "Region"), text_of(error, "Endpoint")};
}

ListPage parse_list(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node list = load(document, xml, "ListBucketResult");
  const bool encoded = text_of(list, "EncodingType") == "url";
  const auto decoded = [&](std::string text) {
    return encoded ? decode_listed(text) : std::move(text);
  };
  ListPage page;
  for (const pugi::xml_node& object : list.children("Contents")) {
    page.objects.push_back({decoded(needed(object, "Key")), number_of(object, "Size"),
                            without_quotes(text_of(object, "ETag")),
                            text_of(object, "LastModified")});
  }
  for (const pugi::xml_node& common : list.children("CommonPrefixes")) {
    page.prefixes.push_back(decoded(needed(common, "Prefix")));
  }
  const std::string truncated = needed(list, "IsTruncated");
  if (truncated != "true" && truncated != "false") {
    throw CorruptError("the server's list says neither that it is complete nor that it is not");
  }
  if (truncated == "true") page.next = needed(list, "NextContinuationToken");
  return page;
}

std::string parse_upload_id(std::string_view xml) {
  pugi::xml_document document;
  return needed(load(document, xml, "InitiateMultipartUploadResult"), "UploadId");
}

std::string parse_completed(std::string_view xml) {
  pugi::xml_document document;
  return without_quotes(text_of(load(document, xml, "CompleteMultipartUploadResult"), "ETag"));
}

std::vector<KeyError> parse_deleted(std::string_view xml) {
  pugi::xml_document document;
  std::vector<KeyError> errors;
  for (const pugi::xml_node& error : load(document, xml, "DeleteResult").children("Error")) {
    errors.push_back({needed(error, "Key"), needed(error, "Code"), text_of(error, "Message")});
  }
  return errors;
}

bool fits_xml(std::string_view key) noexcept {
  return key.find("\xEF\xBF\xBE") == key.npos && key.find("\xEF\xBF\xBF") == key.npos &&
         std::none_of(key.begin(), key.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; });
}

std::string delete_request(std::span<const std::string> keys) {
  pugi::xml_document document;
  pugi::xml_node root = add_root(document, "Delete");
  add_text(root, "Quiet", "true");
  for (const std::string& key : keys) {
    pugi::xml_node object = root.append_child("Object");
    add_text(object, "Key", key);
  }
  return text_of(document);
}

std::string complete_request(std::span<const std::string> etags) {
  pugi::xml_document document;
  pugi::xml_node root = add_root(document, "CompleteMultipartUpload");
  for (std::size_t i = 0; i < etags.size(); ++i) {
    pugi::xml_node part = root.append_child("Part");
    add_text(part, "PartNumber", std::to_string(i + 1));
    add_text(part, "ETag", '"' + etags[i] + '"');
  }
  return text_of(document);
}

std::string location_request(const std::string& region) {
  pugi::xml_document document;
  pugi::xml_node root = add_root(document, "CreateBucketConfiguration");
  add_text(root, "LocationConstraint", region);
  return text_of(document);
}

}  // namespace functionfuse::io::s3
