// S3Storage and a server that counts its requests, and fails when told to.

#include "functionfuse/storage/s3_storage.hpp"

#include <atomic>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "functionfuse/functionfuse.hpp"

#include "io/sha1.hpp"
#include "storage/s3_records.hpp"
#include "storage/s3_store.hpp"

namespace functionfuse::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

using Fault = FakeS3::Fault;

const std::string kPrefix = "some/prefix/";

class S3StorageTest : public testing::Test {
 protected:
  std::shared_ptr<Storage> open() {
    auto opened = store.open();
    opened->register_persistent_serializers<NoteSerializer>();
    return opened;
  }
  static Record record_of(const std::string& function) {
    Record record;
    record.function = function;
    return record;
  }
  std::vector<std::string> asked() { return store.server().asked(); }
  void save_many(int count, const std::shared_ptr<Storage>& to) {
    for (int i = 0; i < count; ++i) {
      const Record record = record_of("f" + std::to_string(i));
      to->save("w", "t" + std::to_string(i), i, &record);
    }
  }

  FakeS3Store store;
  std::shared_ptr<Storage> storage = open();
};

TEST_F(S3StorageTest, LiesWhereFunctionFuseLooks) {
  storage->save("w", "x", Note{"text"});
  std::vector<std::string> keys;
  for (const auto& [key, object] : store.server().objects()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre(StartsWith(kPrefix + "w/bigdata/"), kPrefix + "w/x"));
  EXPECT_EQ(storage->url(), "s3://bucket/some/prefix");
}

// Requests.

TEST_F(S3StorageTest, ASaveIsOneRequest) {
  storage->save("w", "first", 1);
  store.server().forget_requests();
  storage->save("w", "x", 1);
  storage->save("w", "x", 2);
  EXPECT_THAT(asked(), ElementsAre("PUT some/prefix/w/x", "PUT some/prefix/w/x"));
}

TEST_F(S3StorageTest, ManyTasksAreListedNotAskedForOneByOne) {
  save_many(10'000, storage);
  storage->sync("w");
  store.server().forget_requests();
  const auto index = open()->index("w", 10'000);
  for (int i = 0; i < 10'000; ++i) {
    const auto found = index->find("t" + std::to_string(i));
    ASSERT_NE(found.record, nullptr);
    ASSERT_EQ(found.record->function, "f" + std::to_string(i));
  }
  // A page has 1000, the hidden prefix counted.
  EXPECT_THAT(asked(), SizeIs(12));
  EXPECT_THAT(asked(), Contains("LIST some/prefix/w/").Times(11));
  EXPECT_THAT(asked(), Contains("GET some/prefix/w/.functionfuse/records"));
}

TEST_F(S3StorageTest, FewTasksAreAskedForOneByOne) {
  save_many(3, storage);
  store.server().forget_requests();
  const auto index = open()->index("w", 2);
  EXPECT_TRUE(index->find("t0").stored);
  EXPECT_FALSE(index->find("none").stored);
  EXPECT_THAT(asked(), ElementsAre("HEAD some/prefix/w/t0", "HEAD some/prefix/w/none"));
}

// Records.

TEST_F(S3StorageTest, ARecordIsInTheMetadataOfItsTask) {
  Record record = record_of("fit");  // the example of docs/formats/storage-layout.md
  record.version = "2";
  record.arguments.fill(std::byte{0xa1});
  record.parents.fill(std::byte{0xb2});
  io::Sha1Digest digest;
  digest.fill(std::byte{0xc3});
  const auto metadata = detail::S3Records::metadata(digest, &record);
  ASSERT_THAT(metadata, SizeIs(1));
  EXPECT_EQ(metadata[0].name, "functionfuse-record");
  EXPECT_EQ(metadata[0].value,
            "f6e2c7292ffec989%090%090%09c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3%09%09fit%092%09"
            "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1%09b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2");
  EXPECT_THAT(detail::S3Records::metadata(digest, nullptr), IsEmpty());
}

// The cache of records.

TEST_F(S3StorageTest, WithoutACacheTheTasksAreAskedOnceAndThenItIsWritten) {
  save_many(200, storage);  // killed before sync
  store.server().forget_requests();
  EXPECT_EQ(open()->index("w", 200)->find("t7").record->function, "f7");
  EXPECT_THAT(asked(), Contains(StartsWith("HEAD")).Times(200));
  store.server().forget_requests();
  EXPECT_EQ(open()->index("w", 200)->find("t7").record->function, "f7");
  EXPECT_THAT(asked(), Not(Contains(StartsWith("HEAD"))));
}

TEST_F(S3StorageTest, WhatTheCacheDoesNotFitIsAskedFor) {
  save_many(200, storage);
  storage->sync("w");
  const Record newer = record_of("newer");
  open()->save("w", "t3", 33, &newer);             // by another process
  store.set_raw("w", "t4", store.raw("w", "t5"));  // by another program
  store.server().forget_requests();
  const auto index = open()->index("w", 200);
  EXPECT_EQ(index->find("t3").record->function, "newer");
  EXPECT_TRUE(index->find("t4").stored);
  EXPECT_EQ(index->find("t4").record, nullptr);
  EXPECT_EQ(index->find("t5").record->function, "f5");
  EXPECT_THAT(asked(), Contains(StartsWith("HEAD")).Times(2));
}

TEST_F(S3StorageTest, ADamagedOrLostCacheIsAsIfThereWereNone) {
  save_many(100, storage);
  storage->sync("w");
  const std::string key = kPrefix + "w/.functionfuse/records";
  for (const std::string bytes : {"", "rubbish", "functionfuse records 2\nxyz"}) {
    store.server().put(key, bytes);
    EXPECT_EQ(open()->index("w", 100)->find("t42").record->function, "f42");
  }
}

TEST_F(S3StorageTest, ACacheThatCanNotBeWrittenDoesNoHarm) {
  save_many(100, storage);
  store.server().set_faults([](std::size_t) { return Fault::before; });
  EXPECT_NO_THROW(storage->sync("w"));
  store.server().forget_requests();
  storage->sync("w");
  EXPECT_THAT(asked(), Contains("PUT some/prefix/w/.functionfuse/records"));
}

TEST_F(S3StorageTest, ACacheOfNothingIsNotWritten) {
  save_many(100, storage);
  EXPECT_TRUE(open()->remove_workflow("w"));
  storage->sync("w");
  EXPECT_THAT(storage->list_workflows(), IsEmpty());
}

TEST_F(S3StorageTest, ALongRecordIsInTheCacheAlone) {
  const Record record = record_of(std::string(5000, 'f'));
  storage->save("w", "x", 1, &record);
  const auto metadata = store.server().objects().at(kPrefix + "w/x").metadata;
  ASSERT_THAT(metadata, SizeIs(1));
  for (const auto& [name, value] : metadata) {
    EXPECT_LT(name.size() + value.size(), 2048u);
  }
  EXPECT_EQ(*storage->index("w", 100)->find("x").record, record);
  EXPECT_EQ(*storage->index("w", 1)->find("x").record, record);
  EXPECT_NE(*open()->index("w", 1)->find("x").record, record) << "not before the end of the run";
  storage->sync("w");
  EXPECT_EQ(*open()->index("w", 100)->find("x").record, record);
  EXPECT_EQ(*open()->index("w", 1)->find("x").record, record);
}

TEST_F(S3StorageTest, ARunComputesOnlyWhatIsMissingOrStale) {
  int runs = 0;
  const auto run = [&](int argument) {
    auto a = workflow("a", [&](int x) { return ++runs, x + 1; })(argument).set_name("a");
    auto b = workflow("b", [&](int x) { return ++runs, 2 * x; })(a).set_name("b");
    LocalWorkflow flow({b}, "operations");
    flow.set_storage(open());
    return flow.run<int>();
  };
  EXPECT_EQ(run(1), 4);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(run(1), 4);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(run(2), 6);
  EXPECT_EQ(runs, 4);
  storage->remove_task("operations", "b");
  EXPECT_EQ(run(2), 6);
  EXPECT_EQ(runs, 5);
}

// Bigdata.

/// Keeps a text in two objects, as a Zarr array lies there.
struct Chunks {
  std::string text;
};
struct ChunksSerializer {
  using serializer_class = Chunks;
  static constexpr std::string_view name = "Chunks";
  SerializedAs pickle(const Protocols& protocols, const Chunks& chunks) {
    auto& objects = protocols.require<S3Protocol>(S3_PROTOCOL, name);
    const std::string filename = new_filename();
    const auto bytes = std::as_bytes(std::span(chunks.text));
    objects.put("dask_arrays/.zgroup", {});
    objects.put("dask_arrays/" + filename + "/0", bytes.first(bytes.size() / 2));
    objects.put("dask_arrays/" + filename + "/1", bytes.subspan(bytes.size() / 2));
    objects.put(filename + ".sums", bytes);
    return {"1", filename};
  }
  Chunks unpickle(const Protocols& protocols, const SerializedAs& id) {
    auto& objects = protocols.require<S3Protocol>(S3_PROTOCOL, name);
    Chunks chunks;
    for (const std::string& object : objects.list("dask_arrays/" + id.second + "/")) {
      const auto bytes = objects.get(object, 1000).value();
      chunks.text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return chunks;
  }
  void remove(const Protocols& protocols, const SerializedAs& id) {
    protocols.require<S3Protocol>(S3_PROTOCOL, name).remove(id.second);
  }
};

}  // namespace
}  // namespace functionfuse::test

template <>
inline constexpr bool functionfuse::is_persistent<functionfuse::test::Chunks> = true;

namespace functionfuse::test {
namespace {

TEST_F(S3StorageTest, AnObjectOfManyPartsIsCopiedAndRemovedAsOne) {
  storage->register_persistent_serializers<ChunksSerializer>();
  storage->save("w", "x", Chunks{"Function Fuse"});
  EXPECT_THAT(store.bigdata("w"), SizeIs(4));
  EXPECT_EQ(storage->read_task<Chunks>("w", "x").text, "Function Fuse");
  storage->save("other", "x", storage->read_task("w", "x"));
  EXPECT_EQ(storage->read_task<Chunks>("other", "x").text, "Function Fuse");
  EXPECT_EQ(store.open()->remove_task("w", "x"), 1u) << "without the serializer";
  EXPECT_THAT(store.bigdata("w"), ElementsAre("dask_arrays/.zgroup"));
  EXPECT_THAT(storage->gc({}, false, 0), IsEmpty());
  storage->save("other", "x", 1);
  EXPECT_THAT(store.bigdata("other"), IsEmpty()) << "the group was not copied";
}

TEST_F(S3StorageTest, WhatASerializerSendsItselfBelongsToTheSaveToo) {
  struct Sending : NoteSerializer {
    SerializedAs pickle(const Protocols& protocols, const Note& note) {
      auto& objects = protocols.require<S3Protocol>(S3_PROTOCOL, name);
      const std::string filename = new_filename();
      objects.keeps(filename);
      objects.client()->put(objects.key(filename), std::as_bytes(std::span(note.text)));
      if (note.text == "fail half way") throw std::runtime_error("half way");
      return {"1", filename};
    }
  };
  const auto other = store.open();
  other->register_persistent_serializers<Sending>();
  other->save("w", "x", Note{"text"});
  EXPECT_THROW(other->save("w", "x", Note{"fail half way"}), std::runtime_error);
  EXPECT_THAT(store.bigdata("w"), SizeIs(1));
  EXPECT_EQ(other->read_task<Note>("w", "x").text, "text");
}

TEST_F(S3StorageTest, GcCountsTheObjectsOfAnArrayAsOne) {
  storage->register_persistent_serializers<ChunksSerializer>();
  storage->save("w", "x", Chunks{"Function Fuse"});
  store.server().remove(kPrefix + "w/x");
  EXPECT_THAT(storage->gc("w", false), IsEmpty()) << "too young";
  const auto found = storage->gc("w", false, 0);
  ASSERT_THAT(found, SizeIs(2));  // the array, and what belongs to it beside the group
  EXPECT_THAT(found[1].path, StartsWith("s3://bucket/some/prefix/w/bigdata/"));
  EXPECT_THAT(store.bigdata("w"), ElementsAre("dask_arrays/.zgroup"));
}

TEST_F(S3StorageTest, AnIdCanNotNameTheGroup) {
  storage->register_persistent_serializers<ChunksSerializer>();
  storage->save("w", "x", Chunks{"Function Fuse"});
  std::string evil =
      "\x80\x04\x8c\x06"
      "Chunks\x8c\x01"
      "1\x8c\x0b"
      "dask_arrays\x86\x86Q.";
  const io::Sha1Digest digest = io::sha1(evil.data(), evil.size());
  evil.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  store.set_raw("w", "evil", evil);
  ASSERT_EQ(storage->read_task("w", "evil").persistent_id()->filename, "dask_arrays");
  EXPECT_EQ(storage->remove_task("w", "evil"), 1u);
  EXPECT_EQ(storage->read_task<Chunks>("w", "x").text, "Function Fuse");
}

TEST_F(S3StorageTest, NamesThatLeaveBigdataAreRefused) {
  struct Naming : NoteSerializer {
    std::vector<std::string>* refused;
    SerializedAs pickle(const Protocols& protocols, const Note&) {
      auto& objects = protocols.require<S3Protocol>(S3_PROTOCOL, name);
      for (const std::string bad : {"", "/x", "x/", "a//b", "..", "../x", "a/../b", "."}) {
        error_of(Errc::invalid_argument, [&] { objects.put(bad, {}); });
        refused->push_back(bad);
      }
      return {"1", "x"};
    }
  };
  std::vector<std::string> refused;
  Naming naming;
  naming.refused = &refused;
  const auto other = store.open();
  other->register_persistent_serializers(naming);
  other->save("w", "x", Note{"text"});
  EXPECT_THAT(refused, SizeIs(8));
  EXPECT_THAT(store.bigdata("w"), IsEmpty());
}

TEST_F(S3StorageTest, OnlyTheEndsOfALargeResultAreReadToRemoveItsObjects) {
  storage->save("w", "x", std::make_pair(std::vector<double>(3'000'000, 1.5), Note{"text"}));
  ASSERT_THAT(store.bigdata("w"), SizeIs(1));
  store.server().forget_requests();
  EXPECT_EQ(storage->remove_task("w", "x"), 1u);
  EXPECT_THAT(store.bigdata("w"), IsEmpty());
  EXPECT_THAT(asked(), Contains("GET some/prefix/w/x").Times(testing::Le(8)));
}

// Faults.

/// Lets each request of a save fail in turn, in place of it or after it, and looks at what is left.
TEST_F(S3StorageTest, ASaveThatFailsAnywhereLeavesTheOldResultOrTheNew) {
  for (const Fault fault : {Fault::before, Fault::after}) {
    bool failed = true;
    for (std::size_t at = 0; failed; ++at) {
      ASSERT_LT(at, 50u);
      const auto first = open();
      first->save("w", "x", std::vector<Note>{{"old 1"}, {"old 2"}});
      const auto second = open();
      store.server().set_faults([&](std::size_t n) { return n == at ? fault : Fault::none; });
      failed = false;
      try {
        second->save("w", "x", std::vector<Note>{{"new 1"}, {"new 2"}});
      } catch (const Error& e) {
        failed = true;
        EXPECT_THAT(e.what(), AllOf(HasSubstr("task \"x\" of workflow \"w\""), HasSubstr("500"),
                                    Not(HasSubstr("the-secret")), Not(HasSubstr("the-key"))));
      }
      const bool reached = asked().size() > at;
      store.server().forget_requests();
      const std::string read = second->read_task<std::vector<Note>>("w", "x").at(1).text;
      if (failed) {
        EXPECT_THAT(read, testing::AnyOf("old 2", "new 2"));
      } else {
        EXPECT_EQ(read, "new 2");
      }
      EXPECT_THAT(second->verify({}), IsEmpty());
      (void)second->gc({}, false, 0);
      EXPECT_THAT(store.bigdata("w"), SizeIs(2)) << at;
      EXPECT_THAT(second->gc({}, true, 0), IsEmpty());
      failed = reached;  // until the save needs fewer requests
      second->remove_workflow("w");
    }
  }
}

TEST_F(S3StorageTest, AKilledSaveLeavesTheOldResultOrTheNew) {
  for (std::size_t at = 0, reached = 1; reached != 0; ++at) {
    ASSERT_LT(at, 50u);
    open()->save("w", "x", Note{"old"});
    store.server().set_faults([&](std::size_t n) { return n >= at ? Fault::before : Fault::none; });
    try {
      open()->save("w", "x", Note{"new"});
    } catch (const Error&) {
    }
    reached = asked().size() > at ? 1 : 0;
    store.server().forget_requests();
    EXPECT_THAT(storage->read_task<Note>("w", "x").text, testing::AnyOf("old", "new"));
    (void)storage->gc({}, false, 0);
    EXPECT_THAT(store.bigdata("w"), SizeIs(1)) << at;
  }
}

TEST_F(S3StorageTest, ARemovalThatFailsLeavesATaskWithItsObjectsOrNone) {
  for (std::size_t at = 0, reached = 1; reached != 0; ++at) {
    ASSERT_LT(at, 50u);
    open()->save("w", "x", Note{"text"});
    store.server().set_faults([&](std::size_t n) { return n >= at ? Fault::before : Fault::none; });
    try {
      open()->remove_task("w", "x");
    } catch (const Error&) {
    }
    reached = asked().size() > at ? 1 : 0;
    store.server().forget_requests();
    const bool there = storage->file_exists("w", "x");
    if (there) {
      EXPECT_EQ(storage->read_task<Note>("w", "x").text, "text");
    }
    (void)storage->gc({}, false, 0);
    EXPECT_THAT(store.bigdata("w"), SizeIs(there ? 1 : 0)) << at;
  }
}

void save_in_background(Storage& storage, const std::string& task, int result) {
  const auto pickle = [](Pickler& pickler, const void* object) {
    pickler.save(*static_cast<const int*>(object));
  };
  storage.save_in_background("w", task, {&result, pickle}, nullptr);
}

TEST_F(S3StorageTest, AnErrorInTheBackgroundIsThrownBySyncAndNamesTheTask) {
  store.server().set_faults([](std::size_t n) { return n == 0 ? Fault::before : Fault::none; });
  save_in_background(*storage, "lost", 1);
  const std::string text = error_of(Errc::io, [&] { storage->sync("w"); });
  EXPECT_THAT(text, AllOf(HasSubstr("task \"lost\" of workflow \"w\""), HasSubstr("500")));
  EXPECT_NO_THROW(storage->sync("w")) << "once";
  EXPECT_FALSE(storage->file_exists("w", "lost"));
  store.server().forget_requests();
  save_in_background(*storage, "lost", 1);
  storage->sync("w");
  EXPECT_EQ(open()->read_task<int>("w", "lost"), 1);
}

TEST_F(S3StorageTest, AnErrorInTheBackgroundIsForgottenWithALaterSave) {
  store.server().set_faults([](std::size_t n) { return n == 0 ? Fault::before : Fault::none; });
  save_in_background(*storage, "x", 1);
  storage->save("w", "x", 2);
  EXPECT_NO_THROW(storage->sync("w"));
  EXPECT_EQ(storage->read_task<int>("w", "x"), 2);
}

TEST_F(S3StorageTest, WhereTheLastSaveFailedTheNextOneStillComesAfterThoseUnderWay) {
  for (int i = 0; i < 20; ++i) {
    const auto fresh = open();
    fresh->save("w", "x", 0);
    store.server().set_faults([](std::size_t n) { return n == 0 ? Fault::before : Fault::none; });
    save_in_background(*fresh, "failed", 1);
    save_in_background(*fresh, "x", 1);
    save_in_background(*fresh, "x", 2);
    try {
      fresh->sync("w");
    } catch (const Error&) {  // unless it was an older save of x
    }
    EXPECT_EQ(fresh->read_task<int>("w", "x"), 2);
  }
}

TEST_F(S3StorageTest, AForkedProcessSavesToo) {
  save_in_background(*storage, "x", 1);
  storage->sync("w");
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    save_in_background(*storage, "y", 2);
    storage->sync("w");
    storage.reset();
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(open()->read_task<int>("w", "y"), 2);
}

TEST_F(S3StorageTest, WithAlwaysReadNobodyGoesOnWithAnOldResult) {
  const auto run = [&](int a) {
    auto first = workflow("a", [](int x) { return x; })(a).set_name("a");
    auto second = workflow("b", [](int x) { return 100 * x; })(first).set_name("b");
    LocalWorkflow flow({second}, "w");
    const auto fresh = open();
    fresh->set_always_read(true);
    flow.set_storage(fresh);
    return flow.run<int>();
  };
  for (std::size_t at = 0; at < 12; ++at) {
    EXPECT_EQ(run(1), 100);
    store.server().set_faults(
        [at](std::size_t n) { return n == at ? Fault::before : Fault::none; });
    try {
      (void)run(2);
    } catch (const Error&) {
    }
    store.server().forget_requests();
    EXPECT_EQ(run(2), 200) << at;
  }
}

TEST_F(S3StorageTest, ALongRecordThatWasLostFitsNothing) {
  const auto run = [&](int x) {
    auto node = workflow("f", [](int y) { return y; })(x).set_version(std::string(2000, 'v'));
    LocalWorkflow flow({node}, "w");
    flow.set_storage(open());
    return flow.run<int>();
  };
  EXPECT_EQ(run(1), 1);
  store.server().remove(kPrefix + "w/.functionfuse/records");
  EXPECT_EQ(run(2), 2);
}

TEST_F(S3StorageTest, AWorkflowThatIsRemovedDuringASaveIsAnError) {
  struct Removing : NoteSerializer {
    std::function<void()> then;
    SerializedAs pickle(const Protocols& protocols, const Note& note) {
      auto id = NoteSerializer::pickle(protocols, note);
      then();
      return id;
    }
  };
  const auto other = open();
  const auto saving = store.open();
  Removing serializer;
  serializer.then = [&] { other->remove_workflow("w"); };
  saving->register_persistent_serializers(serializer);
  const std::string text = error_of(Errc::io, [&] { saving->save("w", "x", Note{"text"}); });
  EXPECT_THAT(text, AllOf(HasSubstr("was removed"), HasSubstr("run again")));
  EXPECT_THAT(open()->verify({}), IsEmpty());
}

TEST_F(S3StorageTest, AfterAnErrorInTheBackgroundARunEnds) {
  store.server().set_faults([](std::size_t n) { return n > 60 ? Fault::before : Fault::none; });
  int runs = 0;
  std::vector<NodeRef> leaves;
  for (int i = 0; i < 1000; ++i)
    leaves.push_back(workflow("f", [&](int x) { return ++runs, x; })(i));
  LocalWorkflow flow(leaves, "w");
  flow.set_storage(storage);
  EXPECT_THROW(flow.run(), Error);
  EXPECT_LT(runs, 100);
  store.server().forget_requests();
  const int before = std::exchange(runs, 0);
  flow.run();
  EXPECT_LT(runs, 1000);
  EXPECT_GE(runs + before, 1000);
}

TEST_F(S3StorageTest, ANewTaskWhosePutFailsIsNotThere) {
  store.server().set_faults([](std::size_t) { return Fault::before; });
  error_of(Errc::io, [&] { storage->save("w", "x", 1); });
  store.server().forget_requests();
  EXPECT_FALSE(storage->file_exists("w", "x"));
}

TEST_F(S3StorageTest, AnErrorOfTheServerIsNotAbsence) {
  storage->save("w", "x", 1);
  store.server().set_faults([](std::size_t) { return Fault::before; });
  error_of(Errc::io, [&] { (void)storage->file_exists("w", "x"); });
  error_of(Errc::io, [&] { (void)storage->read_task("w", "x"); });
  error_of(Errc::io, [&] { (void)storage->index("w", 1)->find("x"); });
  error_of(Errc::io, [&] { (void)storage->index("w", 100); });
  error_of(Errc::io, [&] { (void)storage->list_tasks("w"); });
  error_of(Errc::io, [&] { (void)storage->remove_workflow("w"); });
}

TEST_F(S3StorageTest, MarkersOfFoldersAreNoTasks) {
  storage->save("w", "x", 1);
  store.server().put(kPrefix + "w/", "");
  store.server().put(kPrefix + "w/folder/y", "");
  EXPECT_THAT(storage->list_tasks("w"), ElementsAre("x"));
  EXPECT_THAT(storage->list_workflows(), ElementsAre("w"));
}

}  // namespace
}  // namespace functionfuse::test
