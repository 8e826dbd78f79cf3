#include <functionfuse/testing/storage_suite.hpp>

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <thread>

#include <functionfuse/arrays/nd_array.hpp>

using namespace functionfuse::test;

void functionfuse::Pickle<Unpicklable>::save(Pickler& pickler, const Unpicklable&) {
  pickler.none();
  throw std::runtime_error("this can't be pickled");
}

namespace functionfuse::test {

SerializedAs NoteSerializer::pickle(const Protocols& protocols, const Note& note) {
  const std::string filename = new_filename();
  if (auto* objects = protocols.get<S3Protocol>(S3_PROTOCOL)) {
    objects->put(filename, std::as_bytes(std::span(note.text)));
    if (note.text == "fail half way") throw std::runtime_error("half way");
    return {"1", filename};
  }
  std::ofstream file(protocols.require<FileProtocol>(FILE_PROTOCOL, name)
                         .open(filename, FileProtocol::Mode::write));
  file << note.text;
  if (note.text == "fail half way") throw std::runtime_error("half way");
  if (!file.flush()) throw Error(Errc::io, "cannot write a note");
  return {"1", filename};
}

Note NoteSerializer::unpickle(const Protocols& protocols, const SerializedAs& id) {
  if (auto* objects = protocols.get<S3Protocol>(S3_PROTOCOL)) {
    const auto bytes = objects->get(id.second, 1000);
    if (!bytes) throw NotFoundError(objects->url(id.second) + " is gone");
    return {std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size())};
  }
  std::ifstream file(protocols.require<FileProtocol>(FILE_PROTOCOL, name)
                         .open(id.second, FileProtocol::Mode::read));
  // A file that has just gone reads as no text: the storage notices, and reads the new result.
  return {std::string(std::istreambuf_iterator<char>(file), {})};
}

void NoteSerializer::remove(const Protocols& protocols, const SerializedAs& id) {
  if (auto* objects = protocols.get<S3Protocol>(S3_PROTOCOL)) return objects->remove(id.second);
  protocols.require<FileProtocol>(FILE_PROTOCOL, name).remove(id.second);
}

void StorageSuite::SetUp() {
  store = GetParam().make();
  if (!store) GTEST_SKIP() << "no " << GetParam().name << " on this computer";
  storage = store->open();
}

void PersistentStorageSuite::SetUp() {
  StorageSuite::SetUp();
  if (storage) storage->register_persistent_serializers<NoteSerializer>();
}

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StorageSuite);

Record record_of(const std::string& function, int digest = 0) {
  Record record;
  record.function = function;
  record.arguments.fill(static_cast<std::byte>(digest));
  return record;
}

// Results.

TEST_P(StorageSuite, ReadsWhatItSaved) {
  storage->save("w", "number", 1.5);
  storage->save("w", "text", std::string("größer"));
  storage->save("w", "list", std::vector<std::string>{"a", "b"});
  storage->save("w", "point", Point{1, 2, "p"});
  EXPECT_EQ(storage->read_task<double>("w", "number"), 1.5);
  EXPECT_EQ(storage->read_task<std::string>("w", "text"), "größer");
  EXPECT_THAT(storage->read_task<std::vector<std::string>>("w", "list"), ElementsAre("a", "b"));
  EXPECT_EQ(store->open()->read_task<Point>("w", "point"), (Point{1, 2, "p"}));
}

TEST_P(StorageSuite, ReadsAsAValue) {
  storage->save("w", "point", Point{1, 2, "p"});
  const Value value = storage->read_task("w", "point");
  EXPECT_EQ(value["x"].as_float(), 1);
  EXPECT_EQ(value["label"].as_str(), "p");
  storage->save("w", "again", value);
  EXPECT_EQ(storage->read_task<Point>("w", "again"), (Point{1, 2, "p"}));
}

TEST_P(StorageSuite, LargeArraysOfAnySize) {
  for (const std::size_t count : {std::size_t{131'072}, std::size_t{600'000}, std::size_t{1'500'000}}) {
    std::vector<double> array(count);
    for (std::size_t i = 0; i < count; ++i) array[i] = static_cast<double>(i) * 0.5;
    const std::vector<std::vector<double>> two = {array, array};
    storage->save("w", "array", array);
    storage->save("w", "two", two);
    EXPECT_TRUE(storage->read_task<std::vector<double>>("w", "array") == array);
    EXPECT_TRUE(storage->read_task<std::vector<std::vector<double>>>("w", "two") == two);
    EXPECT_EQ(storage->read_task("w", "array").size(), count);
    EXPECT_THAT(storage->verify("w"), IsEmpty());
  }
}

TEST_P(StorageSuite, LargeArraysWithinValues) {
  const std::vector<double> array(700'000, 2.5);
  storage->save("w", "x", std::vector<std::vector<double>>{array, array});
  const auto values = storage->read_task<std::vector<Value>>("w", "x");
  EXPECT_TRUE(values.at(1).get<std::vector<double>>() == array);
  storage->save("w", "y", values);
  EXPECT_TRUE(storage->read_task<std::vector<std::vector<double>>>("w", "y").at(1) == array);
  storage->save("w", "z", storage->read_task("w", "x"));
  EXPECT_TRUE(storage->read_task<std::vector<std::vector<double>>>("w", "z").at(0) == array);
}

TEST_P(StorageSuite, ALongListOfSmallThings) {
  std::vector<std::string> list;
  for (int i = 0; i < 300'000; ++i) list.push_back("element number " + std::to_string(i));
  storage->save("w", "list", list);
  EXPECT_TRUE(storage->read_task<std::vector<std::string>>("w", "list") == list);
}

TEST_P(StorageSuite, ReplacesAResult) {
  for (int i = 0; i < 3; ++i) {
    storage->save("w", "x", i);
    EXPECT_EQ(storage->read_task<int>("w", "x"), i);
  }
  EXPECT_THAT(storage->list_tasks("w"), ElementsAre("x"));
}

TEST_P(StorageSuite, AFailedSaveOfANewTaskLeavesNothing) {
  EXPECT_THROW(storage->save("w", "x", Unpicklable()), std::runtime_error);
  EXPECT_THAT(error_of(Errc::invalid_argument, [&] { storage->save("w", "x", std::string("\xff")); }),
              AllOf(HasSubstr("task \"x\" of workflow \"w\""), HasSubstr("Bytes")));
  EXPECT_FALSE(storage->file_exists("w", "x"));
  EXPECT_THAT(storage->list_tasks("w"), IsEmpty());
}

TEST_P(StorageSuite, AFailedSaveKeepsTheOldResult) {
  storage->save("w", "x", 1);
  const std::vector<double> large(300'000, 1.0);
  EXPECT_THROW(storage->save("w", "x", std::make_pair(large, Unpicklable())), std::runtime_error);
  EXPECT_EQ(storage->read_task<int>("w", "x"), 1);
  EXPECT_THAT(storage->verify({}), IsEmpty());
  EXPECT_THAT(storage->gc({}, true, 0), IsEmpty());
}

TEST_P(StorageSuite, WorkflowsAreApart) {
  storage->save("a", "x", 1);
  storage->save("b", "x", 2);
  EXPECT_EQ(storage->read_task<int>("a", "x"), 1);
  EXPECT_EQ(storage->read_task<int>("b", "x"), 2);
  EXPECT_THAT(storage->list_workflows(), ElementsAre("a", "b"));
  EXPECT_TRUE(storage->remove_workflow("a"));
  EXPECT_EQ(storage->read_task<int>("b", "x"), 2);
}

TEST_P(StorageSuite, RemovingAWorkflowLeavesThoseWhoseNamesBeginLikeIt) {
  for (const char* name : {"a", "ab", "a b", "a.b", "b"}) storage->save(name, "a", 1);
  EXPECT_TRUE(storage->remove_workflow("a"));
  EXPECT_THAT(storage->list_workflows(), ElementsAre("a b", "a.b", "ab", "b"));
  EXPECT_EQ(storage->read_task<int>("ab", "a"), 1);
}

// Errors of reading.

TEST_P(StorageSuite, AMissingTaskIsNamedWithWhatIsMeant) {
  storage->save("work", "model", 1);
  storage->save("work", "train", 1);
  EXPECT_THAT(error_of(Errc::not_found, [&] { (void)storage->read_task<int>("work", "modle"); }),
              AllOf(HasSubstr("\"modle\""), HasSubstr("\"work\""), HasSubstr(storage->url()),
                    HasSubstr("\"train\""), HasSubstr("did you mean \"model\"?")));
  EXPECT_THAT(error_of(Errc::not_found, [&] { (void)storage->read_task("wrok", "model"); }),
              AllOf(HasSubstr("no workflow \"wrok\""), HasSubstr("did you mean \"work\"?")));
  EXPECT_THAT(error_of(Errc::not_found, [&] { (void)storage->read_task("work", "zzzzzz"); }),
              Not(HasSubstr("did you mean")));
}

TEST_P(StorageSuite, ATypeThatDoesNotFitIsNamedWithItsPlace) {
  storage->save("w", "point", Point{1, 2, "p"});
  EXPECT_THAT(error_of(Errc::type_mismatch,
                       [&] {
                         (void)storage->read_task<std::map<std::string, double>>("w", "point");
                       }),
              AllOf(HasSubstr("task \"point\" of workflow \"w\""), HasSubstr("label"),
                    HasSubstr("double"), HasSubstr("str")));
}

TEST_P(StorageSuite, EveryKindOfDamageIsFound) {
  storage->save("w", "x", Point{1, 2, "some text"});
  const std::string good = store->raw("w", "x");
  std::vector<std::string> bad = {"", "x", good.substr(0, 20), good.substr(0, good.size() / 2),
                                  good.substr(0, good.size() - 1), good + "x", good + good,
                                  std::string(good.size(), '\0'), std::string(200, 'x')};
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] ^= 1;
    bad.push_back(flipped);
  }
  for (const std::string& bytes : bad) {
    store->set_raw("w", "x", bytes);
    EXPECT_THAT(error_of(Errc::corrupt, [&] { (void)storage->read_task<Point>("w", "x"); }),
                AllOf(HasSubstr("task \"x\" of workflow \"w\""), HasSubstr("run the workflow again"),
                      HasSubstr("or remove it: ")));
    EXPECT_THAT(storage->verify("w"), SizeIs(1));
  }
  // And is mended by the next save.
  storage->save("w", "x", Point{3, 4, "q"});
  EXPECT_EQ(storage->read_task<Point>("w", "x"), (Point{3, 4, "q"}));
}

TEST_P(StorageSuite, DamageInALargeTaskIsFoundWhereverItIs) {
  std::vector<double> array(1'000'000, 1.5);
  storage->save("w", "x", array);
  const std::string good = store->raw("w", "x");
  for (const std::size_t at : {std::size_t{0}, std::size_t{20}, std::size_t{200}, good.size() / 2,
                               good.size() - 30, good.size() - 1}) {
    std::string flipped = good;
    flipped[at] ^= 1;
    store->set_raw("w", "x", flipped);
    EXPECT_THAT(
        error_of(Errc::corrupt, [&] { (void)storage->read_task<std::vector<double>>("w", "x"); }),
        HasSubstr("SHA-1"))
        << at;
    EXPECT_THAT(error_of(Errc::corrupt, [&] { (void)storage->read_task("w", "x"); }),
                HasSubstr("SHA-1"));
  }
  store->set_raw("w", "x", good.substr(0, good.size() - 100));
  error_of(Errc::corrupt, [&] { (void)storage->read_task<std::vector<double>>("w", "x"); });
}

// Names.

TEST_P(StorageSuite, NamesThatCanNotBeKeptAreRefusedByAll) {
  const std::vector<std::string> bad = {"",     ".",   "..",        "../x", "../../x",
                                        "a/b",  "/a",  ".hidden",   std::string(256, 'x'),
                                        std::string("a\0b", 3)};
  for (const std::string& name : bad) {
    for (const bool workflow : {true, false}) {
      const std::string w = workflow ? name : "w", t = workflow ? "t" : name;
      const std::string text = error_of(Errc::invalid_argument, [&] { storage->save(w, t, 1); });
      EXPECT_THAT(text, HasSubstr(workflow ? "of a workflow" : "of a task"));
      error_of(Errc::invalid_argument, [&] { (void)storage->read_task(w, t); });
      error_of(Errc::invalid_argument, [&] { (void)storage->file_exists(w, t); });
      error_of(Errc::invalid_argument, [&] { (void)storage->remove_task(w, t); });
    }
    error_of(Errc::invalid_argument, [&] { (void)storage->remove_workflow(name); });
    error_of(Errc::invalid_argument, [&] { (void)storage->list_tasks(name); });
    error_of(Errc::invalid_argument, [&] { storage->new_workflow(name); });
    error_of(Errc::invalid_argument, [&] { (void)storage->index(name, 1); });
    error_of(Errc::invalid_argument, [&] { (void)storage->gc(name, false); });
  }
  EXPECT_THAT(error_of(Errc::invalid_argument, [&] { storage->save("w", "bigdata", 1); }),
              HasSubstr("large objects"));
  storage->save("bigdata", "t", 1);
  EXPECT_THAT(storage->list_workflows(), ElementsAre("bigdata"));
}

TEST_P(StorageSuite, StrangeButValidNames) {
  std::vector<std::string> names = {
      "a b", "w[1]", "*", "?", "[a]", "-x", "~", "ä", "a\nb", "a\tb\\", "a.b", "a%20b", "a+b", "%",
      "漢字", std::string(255, 'x')};
  if (GetParam().any_bytes) {
    names.emplace_back("\xff");
  } else {
    error_of(Errc::invalid_argument, [&] { storage->save("w", "\xff", 1); });
    error_of(Errc::invalid_argument, [&] { storage->save("\xff", "x", 1); });
  }
  for (const std::string& name : names) {
    const Record record = record_of(name);
    storage->save(name, name, 1, &record);
    EXPECT_EQ(storage->read_task<int>(name, name), 1);
    EXPECT_THAT(storage->list_tasks(name), ElementsAre(name));
    EXPECT_EQ(*storage->index(name, 1)->find(name).record, record);
    EXPECT_EQ(*storage->index(name, 100)->find(name).record, record);
  }
  EXPECT_THAT(storage->list_workflows(), SizeIs(names.size()));
  for (const std::string& name : names) {
    EXPECT_EQ(storage->remove_task(name, name), 1u);
    EXPECT_THAT(storage->list_tasks(name), IsEmpty());
    EXPECT_EQ(storage->remove_workflow(name), GetParam().empty_workflows);
  }
  EXPECT_THAT(storage->list_workflows(), IsEmpty());
}

// Listing and removing.

TEST_P(StorageSuite, ListsByGlobSorted) {
  for (const char* name : {"b", "a_2", "a_1", "a_10", "c"}) storage->save("w", name, 1);
  EXPECT_THAT(storage->list_tasks("w"), ElementsAre("a_1", "a_10", "a_2", "b", "c"));
  EXPECT_THAT(storage->list_tasks("w", "a_*"), ElementsAre("a_1", "a_10", "a_2"));
  EXPECT_THAT(storage->list_tasks("w", "a_?"), ElementsAre("a_1", "a_2"));
  EXPECT_THAT(storage->list_tasks("w", "[bc]"), ElementsAre("b", "c"));
  EXPECT_THAT(storage->list_tasks("w", "[!bc]*"), ElementsAre("a_1", "a_10", "a_2"));
  EXPECT_THAT(storage->list_tasks("w", "b"), ElementsAre("b"));
  EXPECT_THAT(storage->list_tasks("w", "none"), IsEmpty());
  EXPECT_THAT(storage->list_tasks("none"), IsEmpty());
}

TEST_P(StorageSuite, RemovesByGlobOrName) {
  for (const char* name : {"a_1", "a_2", "b", "x[1]", "x1"}) storage->save("w", name, 1);
  EXPECT_EQ(storage->remove_task("w", "a_*"), 2u);
  EXPECT_EQ(storage->remove_task("w", "x[1]"), 1u) << "a task of exactly that name is meant";
  EXPECT_THAT(storage->list_tasks("w"), ElementsAre("b", "x1"));
  EXPECT_EQ(storage->remove_task("w", "x[1]"), 1u);
  EXPECT_EQ(storage->remove_task("w", "none"), 0u);
  EXPECT_EQ(storage->remove_task("none", "none"), 0u);
  EXPECT_EQ(storage->remove_task("none", "*"), 0u);
  EXPECT_EQ(storage->remove_task("w", "*"), 1u);
}

TEST_P(StorageSuite, RemovesAWorkflow) {
  EXPECT_FALSE(storage->remove_workflow("w"));
  storage->save("w", "x", 1);
  EXPECT_TRUE(storage->remove_workflow("w"));
  EXPECT_FALSE(storage->file_exists("w", "x"));
  EXPECT_THAT(storage->list_workflows(), IsEmpty());
  EXPECT_FALSE(storage->remove_workflow("w"));
  storage->save("w", "x", 2);
  EXPECT_EQ(storage->read_task<int>("w", "x"), 2);
}

TEST_P(StorageSuite, SavesAfterAnotherRemovedTheWorkflow) {
  const auto other = store->open();
  for (int i = 0; i < 5; ++i) {
    storage->save("w", "x", i);
    EXPECT_EQ(other->read_task<int>("w", "x"), i);
    EXPECT_TRUE(other->remove_workflow("w"));
  }
  storage->save("w", "large", std::vector<double>(1'000'000, 2.0));
  EXPECT_EQ(other->read_task<std::vector<double>>("w", "large").size(), 1'000'000u);
  storage->sync("w");
}

TEST_P(StorageSuite, NewWorkflowIsListedAndEmpty) {
  storage->new_workflow("w");
  storage->new_workflow("w");
  EXPECT_THAT(storage->list_tasks("w"), IsEmpty());
  EXPECT_FALSE(storage->file_exists("w", "x"));
  EXPECT_FALSE(storage->file_exists("none", "x"));
}

TEST_P(StorageSuite, SyncOfFewManyAndNone) {
  storage->sync("none");
  storage->save("w", "x", 1);
  storage->sync("w");
  storage->sync("w");
  for (int i = 0; i < 100; ++i) storage->save("w", "t" + std::to_string(i), i);
  storage->sync("w");
  EXPECT_THAT(storage->list_tasks("w"), SizeIs(101));
}

// Persistent serializers.

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PersistentStorageSuite);

/// As a backend saves.
template <class T>
void save_in_background(Storage& storage, const std::string& task, const T& result) {
  const Record record = record_of("f");
  const auto pickle = [](Pickler& pickler, const void* object) {
    pickler.save(*static_cast<const T*>(object));
  };
  storage.save_in_background("w", task, {&result, pickle}, &record);
}

TEST_P(StorageSuite, ASaveInTheBackgroundIsSeenByAllOtherCalls) {
  const auto task = [](int i) { return "t" + std::to_string(i); };
  for (int i = 0; i < 40; ++i) save_in_background(*storage, task(i), i);
  EXPECT_EQ(storage->read_task<int>("w", task(39)), 39);
  for (int i = 0; i < 40; ++i) save_in_background(*storage, task(0), i);
  EXPECT_EQ(storage->read_task<int>("w", task(0)), 39) << "in their order";
  save_in_background(*storage, "new", 1);
  EXPECT_TRUE(storage->file_exists("w", "new"));
  save_in_background(*storage, "newer", 1);
  EXPECT_THAT(storage->list_tasks("w"), SizeIs(42));
  save_in_background(*storage, "newest", 1);
  EXPECT_TRUE(storage->index("w", 100)->find("newest").stored);
  save_in_background(*storage, "last", 1);
  storage->save("w", "last", 2);
  EXPECT_EQ(storage->read_task<int>("w", "last"), 2);
  save_in_background(*storage, "x", 1);
  EXPECT_EQ(storage->remove_task("w", "x"), 1u);
  save_in_background(*storage, "y", std::vector<double>(100'000, 1.5));
  storage->sync("w");
  EXPECT_EQ(store->open()->read_task<std::vector<double>>("w", "y").at(99'999), 1.5);
  save_in_background(*storage, "z", 1);
  EXPECT_TRUE(storage->remove_workflow("w"));
  EXPECT_THAT(store->open()->list_tasks("w"), IsEmpty());
}

TEST_P(StorageSuite, AnErrorWhilePicklingIsThrownAtOnceInTheBackgroundToo) {
  EXPECT_THROW(save_in_background(*storage, "x", Unpicklable()), std::runtime_error);
  EXPECT_NO_THROW(storage->sync("w"));
  EXPECT_FALSE(storage->file_exists("w", "x"));
}

TEST_P(PersistentStorageSuite, KeepsObjectsHoweverDeep) {
  const std::map<std::string, std::vector<Note>> result = {{"a", {{"one"}, {"two"}}},
                                                           {"b", {{"three"}}}};
  storage->save("w", "x", result);
  EXPECT_EQ(kept(), 3u);
  const auto back =
      storage->read_task<std::map<std::string, std::vector<Note>>>("w", "x");
  EXPECT_EQ(back.at("a")[1].text, "two");
  EXPECT_EQ(back.at("b")[0].text, "three");
  const auto id = storage->read_task("w", "x")["b"][0].persistent_id();
  ASSERT_TRUE(id);
  EXPECT_EQ(id->name, "Note");
  EXPECT_EQ(id->version, "1");
  EXPECT_THAT(storage->list_tasks("w"), ElementsAre("x")) << "bigdata is no task";
  EXPECT_THAT(storage->verify({}), IsEmpty());
}

TEST_P(PersistentStorageSuite, ReplacingRemovesTheOldObject) {
  for (int i = 0; i < 3; ++i) {
    storage->save("w", "x", Note{"note " + std::to_string(i)});
    EXPECT_EQ(kept(), 1u);
    EXPECT_EQ(storage->read_task<Note>("w", "x").text, "note " + std::to_string(i));
  }
  storage->save("w", "x", 1);
  EXPECT_EQ(kept(), 0u);
}

TEST_P(PersistentStorageSuite, AFailedSaveLeavesNoObject) {
  storage->save("w", "x", Note{"old"});
  EXPECT_THROW(storage->save("w", "x", std::make_pair(Note{"new"}, Unpicklable())),
               std::runtime_error);
  EXPECT_THROW(storage->save("w", "y", Note{"fail half way"}), std::runtime_error);
  EXPECT_EQ(kept(), 1u);
  EXPECT_EQ(storage->read_task<Note>("w", "x").text, "old");
}

TEST_P(PersistentStorageSuite, ReadingWithoutTheSerializerSaysWhichIsMissing) {
  storage->save("w", "x", Note{"text"});
  const auto plain = store->open();
  EXPECT_THAT(error_of(Errc::unsupported, [&] { (void)plain->read_task<Note>("w", "x"); }),
              AllOf(HasSubstr("task \"x\" of workflow \"w\""), HasSubstr("\"Note\""),
                    HasSubstr("none is registered"), HasSubstr("register_persistent_serializers")));
  EXPECT_EQ(plain->read_task("w", "x").kind(), Kind::persistent) << "a Value needs none";
}

TEST_P(PersistentStorageSuite, SavingWithoutTheSerializerSaysHow) {
  const auto plain = store->open();
  EXPECT_THAT(error_of(Errc::unsupported, [&] { plain->save("w", "x", Note{"text"}); }),
              HasSubstr("register_persistent_serializers"));
  EXPECT_FALSE(plain->file_exists("w", "x"));
}

TEST_P(PersistentStorageSuite, RemovingNeedsNoSerializer) {
  storage->save("w", "x", std::vector<Note>{{"one"}, {"two"}});
  storage->save("w", "y", Note{"three"});
  EXPECT_EQ(store->open()->remove_task("w", "x"), 1u);
  EXPECT_EQ(kept(), 1u);
  EXPECT_EQ(storage->remove_task("w", "*"), 1u);
  EXPECT_EQ(kept(), 0u);
}

TEST_P(PersistentStorageSuite, AnObjectThatIsGoneIsSaidAndItsTaskCanBeRemoved) {
  for (const bool with_serializer : {true, false}) {
    storage->save("w", "x", Note{"text"});
    store->remove_bigdata("w", store->bigdata("w").at(0));
    EXPECT_THAT(error_of(Errc::not_found, [&] { (void)storage->read_task<Note>("w", "x"); }),
                AllOf(HasSubstr("task \"x\" of workflow \"w\""), HasSubstr("gone")));
    const auto problems = storage->verify({});
    ASSERT_THAT(problems, SizeIs(1));
    EXPECT_EQ(problems[0].workflow, "w");
    EXPECT_EQ(problems[0].task, "x");
    EXPECT_THAT(problems[0].what, AllOf(HasSubstr("Note"), HasSubstr("gone")));
    EXPECT_EQ((with_serializer ? storage : store->open())->remove_task("w", "x"), 1u);
  }
  storage->save("w", "x", Note{"text"});
  store->remove_bigdata("w", store->bigdata("w").at(0));
  storage->save("w", "x", 1);
  EXPECT_EQ(storage->read_task<int>("w", "x"), 1);
}

TEST_P(PersistentStorageSuite, ADamagedTaskCanBeRemovedAndReplaced) {
  storage->save("w", "x", Note{"text"});
  store->set_raw("w", "x", "");
  EXPECT_EQ(storage->remove_task("w", "x"), 1u);
  store->set_raw("w", "x", "damaged as well, this one");
  storage->save("w", "x", 1);
  EXPECT_EQ(storage->read_task<int>("w", "x"), 1);
  EXPECT_THAT(storage->gc({}, false, 0), SizeIs(1));
  EXPECT_EQ(kept(), 0u);
}

TEST_P(PersistentStorageSuite, AValueTakesItsObjectsAlong) {
  storage->save("w", "x", std::vector<Note>{{"one"}, {"two"}});
  const Value value = store->open()->read_task("w", "x");
  storage->save("w", "same", value);
  storage->save("other", "part", value[1]);
  storage->save("w", "x", value);
  EXPECT_EQ(kept(), 4u);
  EXPECT_EQ(store->bigdata("other").size(), 1u);
  EXPECT_EQ(storage->read_task<std::vector<Note>>("w", "same")[0].text, "one");
  EXPECT_EQ(storage->read_task<Note>("other", "part").text, "two");
  EXPECT_EQ(storage->read_task<std::vector<Note>>("w", "x")[1].text, "two");

  const auto elsewhere = GetParam().make();
  elsewhere->open()->save("w", "x", storage->read_task("w", "x"));
  const auto there = elsewhere->open();
  there->register_persistent_serializers<NoteSerializer>();
  EXPECT_EQ(there->read_task<std::vector<Note>>("w", "x")[0].text, "one");
}

TEST_P(PersistentStorageSuite, AnObjectThatAValueHoldsTwiceIsCopiedOnce) {
  storage->save("w", "x", Note{"one"});
  const Value value = storage->read_task("w", "x");
  storage->save("w", "y", Value::list({value, value, storage->read_task("w", "x")}));
  EXPECT_EQ(kept(), 2u);
  EXPECT_EQ(storage->read_task<std::vector<Note>>("w", "y").at(2).text, "one");
}

TEST_P(PersistentStorageSuite, AValueWhoseObjectIsGoneCanNotBeSaved) {
  storage->save("w", "x", Note{"one"});
  const Value value = storage->read_task("w", "x");
  EXPECT_EQ(storage->remove_task("w", "x"), 1u);
  EXPECT_THAT(error_of(Errc::not_found, [&] { storage->save("w", "y", value); }),
              HasSubstr("gone"));
  EXPECT_FALSE(storage->file_exists("w", "y"));
}

// Leftovers.

TEST_P(PersistentStorageSuite, GcFindsObjectsThatNoTaskRefersTo) {
  storage->save("w", "x", Note{"one"});
  storage->save("w", "y", Note{"two"});
  const std::string y = store->raw("w", "y");
  store->set_raw("w", "y", store->raw("w", "x"));  // as if a kill had come before the removal
  EXPECT_THAT(storage->gc({}, false), IsEmpty()) << "too young";
  EXPECT_THAT(storage->gc("none", false, 0), IsEmpty());
  const auto found = storage->gc({}, true, 0);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].bytes, 3u);
  EXPECT_THAT(found[0].why, HasSubstr("no task refers to it"));
  EXPECT_EQ(kept(), 2u) << "a dry run";
  EXPECT_THAT(storage->gc("w", false, 0), SizeIs(1));
  EXPECT_EQ(kept(), 1u);
  EXPECT_THAT(storage->gc({}, false, 0), IsEmpty());
  EXPECT_EQ(storage->read_task<Note>("w", "x").text, "one");
}

TEST_P(PersistentStorageSuite, GcLeavesObjectsAloneThatADamagedTaskMayReferTo) {
  storage->save("w", "x", Note{"one"});
  std::string raw = store->raw("w", "x");
  raw.back() ^= 1;
  store->set_raw("w", "x", raw);
  for (const bool dry_run : {true, false}) {
    const auto found = storage->gc({}, dry_run, 0);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_THAT(found[0].why, AllOf(HasSubstr("left alone"), HasSubstr("can't be read")));
    EXPECT_TRUE(found[0].kept);
    EXPECT_EQ(kept(), 1u);
  }
  EXPECT_EQ(storage->remove_task("w", "x"), 1u);
  EXPECT_THAT(storage->gc({}, false, 0), SizeIs(1));
  EXPECT_EQ(kept(), 0u);
}

TEST_P(PersistentStorageSuite, GcTrustsNoIdOfADamagedTaskHoweverLarge) {
  storage->save("w", "x", std::make_pair(Note{"one"}, std::vector<double>(700'000, 1.0)));
  std::string raw = store->raw("w", "x");
  ASSERT_GT(raw.size(), std::size_t{5} << 20);
  const std::size_t at = raw.find(store->bigdata("w").at(0));
  ASSERT_NE(at, raw.npos);
  raw[at] ^= 1;
  store->set_raw("w", "x", raw);
  const auto found = storage->gc({}, false, 0);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].why, AllOf(HasSubstr("left alone"), HasSubstr("SHA-1")));
  EXPECT_EQ(kept(), 1u);
  raw[at] ^= 1;
  store->set_raw("w", "x", raw);
  EXPECT_THAT(storage->gc({}, false, 0), IsEmpty());
  EXPECT_EQ((storage->read_task<std::pair<Note, std::vector<double>>>("w", "x").first.text), "one");
}

// Records.

TEST_P(StorageSuite, ARecordComesBack) {
  Record record = record_of("function", 7);
  record.version = "2";
  record.parents.fill(std::byte{9});
  storage->save("w", "x", 1, &record);
  storage->save("w", "y", 1);
  for (const std::size_t expected : {std::size_t{1}, std::size_t{1000}}) {
    const auto index = store->open()->index("w", expected);
    EXPECT_TRUE(index->find("x").stored);
    ASSERT_NE(index->find("x").record, nullptr);
    EXPECT_EQ(*index->find("x").record, record);
    EXPECT_TRUE(index->find("y").stored);
    EXPECT_EQ(index->find("y").record, nullptr);
    EXPECT_FALSE(index->find("none").stored);
    EXPECT_FALSE(index->find("bigdata").stored && expected > 64);
  }
  EXPECT_FALSE(storage->index("none", 1)->find("x").stored);
  EXPECT_FALSE(storage->index("none", 1000)->find("x").stored);
}

TEST_P(StorageSuite, TheRecordIsThatOfTheResultThatIsThere) {
  const Record first = record_of("first"), second = record_of("second");
  storage->save("w", "x", 1, &first);
  storage->save("w", "x", 2, &second);
  EXPECT_EQ(storage->index("w", 1)->find("x").record->function, "second");
  for (int i = 0; i < 20; ++i) {  // inodes are used again
    storage->save("w", "x", i);
    EXPECT_EQ(storage->index("w", 1)->find("x").record, nullptr);
    EXPECT_EQ(storage->index("w", 100)->find("x").record, nullptr);
  }
  storage->save("w", "x", 1, &first);
  EXPECT_EQ(storage->index("w", 1)->find("x").record->function, "first");
  storage->remove_task("w", "x");
  EXPECT_FALSE(storage->index("w", 1)->find("x").stored);
}

TEST_P(StorageSuite, ARecordThatWasFoundStaysValid) {
  const Record record = record_of("f");
  for (int i = 0; i < 100; ++i) storage->save("w", "t" + std::to_string(i), i, &record);
  const auto index = storage->index("w", 100);
  std::vector<const Record*> found;
  for (int i = 0; i < 100; ++i) found.push_back(index->find("t" + std::to_string(i)).record);
  storage->remove_workflow("w");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(*found[static_cast<std::size_t>(i)], record);
    (void)index->find("t" + std::to_string(i));
  }
}

// Threads and processes.

TEST_P(StorageSuite, ManyThreadsSaveDifferentTasks) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string name = "t" + std::to_string(t) + "_" + std::to_string(i);
        const Record record = record_of(name);
        storage->save("w", name, i, &record);
        EXPECT_EQ(storage->read_task<int>("w", name), i);
      }
      storage->sync("w");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(storage->list_tasks("w"), SizeIs(200));
  const auto index = storage->index("w", 200);
  for (const std::string& name : storage->list_tasks("w")) {
    ASSERT_NE(index->find(name).record, nullptr) << name;
    EXPECT_EQ(index->find(name).record->function, name);
  }
}

TEST_P(StorageSuite, OneTaskSavedByManyReadsAsOneOfThem) {
  storage->save("w", "x", std::vector<int>(1000, 0));
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int t = 1; t <= 2; ++t) {
    writers.emplace_back([&, t] {
      const auto own = store->open();
      for (int i = 0; i < 60; ++i) own->save("w", "x", std::vector<int>(1000, t));
    });
  }
  std::thread reader([&] {
    const auto own = store->open();
    while (!stop) {
      const auto read = own->read_task<std::vector<int>>("w", "x");
      ASSERT_EQ(read.size(), 1000u);
      EXPECT_EQ(read.front(), read.back());
    }
  });
  for (auto& writer : writers) writer.join();
  stop = true;
  reader.join();
  EXPECT_THAT(storage->list_tasks("w"), ElementsAre("x"));
  EXPECT_THAT(storage->gc({}, true, 0), IsEmpty());
}

TEST_P(PersistentStorageSuite, AReaderAlwaysFindsTheObjectsOfTheTask) {
  storage->save("w", "x", Note{"note"});
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    const auto own = store->open();
    own->register_persistent_serializers<NoteSerializer>();
    while (!stop) EXPECT_EQ(own->read_task<Note>("w", "x").text, "note");
  });
  for (int i = 0; i < 200; ++i) storage->save("w", "x", Note{"note"});
  stop = true;
  reader.join();
  EXPECT_EQ(kept(), 1u);
}

}  // namespace
}  // namespace functionfuse::test
