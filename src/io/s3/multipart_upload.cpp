#include "io/s3/multipart_upload.hpp"

#include <vector>

#include "functionfuse/error.hpp"

#include "io/s3/digests.hpp"
#include "io/s3/failure.hpp"

namespace functionfuse::io::s3 {
namespace {

/// The ETag that the object will have: the MD5 of the parts' MD5s. Empty where a part's is no MD5.
std::string expected_etag(const std::vector<std::string>& parts) {
  std::string digests;
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (const std::string& part : parts) {
    if (part.size() != 32 || part.find_first_not_of("0123456789abcdef") != part.npos) return {};
    for (std::size_t i = 0; i < part.size(); i += 2) {
      digests += static_cast<char>(value(part[i]) << 4 | value(part[i + 1]));
    }
  }
  return hex(md5(bytes_of(digests))) + '-' + std::to_string(parts.size());
}

}  // namespace

MultipartUpload::MultipartUpload(Client& client, std::string key, const Metadata& metadata)
    : client_(client), key_(std::move(key)) {
  check_key(key_);
  Call call{.what = "begin the upload of",
            .method = "POST",
            .key = key_,
            .query = {{"uploads", ""}},
            .headers = metadata_headers(metadata)};
  call.xml = true;
  upload_id_ =
      parsed(client_.requests().run(std::move(call)).xml, client_.url(key_), parse_upload_id);
}

MultipartUpload::~MultipartUpload() {
  if (completed_) return;
  try {
    abort();
  } catch (const std::exception&) {
    // The parts stay behind, as after a kill. What led here is more important to the caller.
  }
}

void MultipartUpload::abort() {
  Call call{.what = "abort the upload of",
            .method = "DELETE",
            .key = key_,
            .query = {{"uploadId", upload_id_}}};
  call.attempts = 2;  // from a destructor: not for minutes
  client_.requests().run(std::move(call));
}

Call MultipartUpload::part_call(unsigned number, std::span<const std::byte> data) const {
  Call call{.what = "write a part of",
            .method = "PUT",
            .key = key_,
            .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id_}}};
  call.body = data;
  return call;
}

void MultipartUpload::note_part(unsigned number, const Answer& answer) {
  std::lock_guard lock(mutex_);
  etags_[number] = without_quotes(answer.reply.header("etag"));
}

void MultipartUpload::put_part(unsigned number, std::span<const std::byte> data) {
  note_part(number, client_.requests().run(part_call(number, data)));
}

void MultipartUpload::put_part(Batch& batch, unsigned number, std::span<const std::byte> data) {
  batch.start(part_call(number, data),
              [this, number](const Answer& answer) { note_part(number, answer); });
}

std::string MultipartUpload::complete() {
  std::vector<std::string> etags;
  for (const auto& [number, etag] : etags_) {
    etags.push_back(etag);
    if (number != etags.size()) {
      throw Error(Errc::invalid_argument, "part " + std::to_string(etags.size()) + " of " +
                                              client_.url(key_) + " was not written");
    }
  }
  const std::string body = complete_request(etags), expected = expected_etag(etags);
  Call call{.what = "complete the upload of",
            .method = "POST",
            .key = key_,
            .query = {{"uploadId", upload_id_}}};
  call.body = bytes_of(body);
  call.xml = true;
  const Answer answer = client_.requests().try_run(std::move(call));
  // The first attempt may have succeeded with its reply lost: the next one finds no such upload.
  const bool lost = answer.s3_code == "NoSuchUpload" && !expected.empty();
  if (!lost) answer.throw_error();
  std::string etag = lost ? std::string() : parsed(answer.xml, client_.url(key_), parse_completed);
  if (etag.empty()) {  // radosgw may forget to tell
    const auto object = client_.head(key_);
    if (lost && (!object || object->etag != expected)) answer.throw_error();
    if (!object)
      fail_reply(client_.url(key_), "the upload is complete, and there is no such object");
    etag = object->etag;
  }
  completed_ = true;
  return etag;
}

}  // namespace functionfuse::io::s3
