#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <list>
#include <map>

#include "functionfuse/pickle/pickle.hpp"
#include "pickle/errors.hpp"

// Files that somebody made to do harm, and files that are damaged: nothing of theirs runs, and
// reading them ends soon, in little memory, with a Value or an Error.

namespace ff = functionfuse;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitizer = true;
#else
constexpr bool kSanitizer = false;
#endif

std::string little(std::uint64_t number, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(number >> (8 * i));
  return text;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

std::string golden(const std::string& task) {
  std::ifstream file(std::string(FUNCTIONFUSE_TEST_DATA) + "/golden/file/" + task, std::ios::binary);
  std::string data{std::istreambuf_iterator<char>(file), {}};
  EXPECT_GT(data.size(), 20u) << task;
  return data.substr(0, data.size() - 20);  // without the SHA-1
}

/// Everything that a reader does with a file that it knows nothing of. Only Errors come out of it.
void read_in_every_way(const std::string& pickle) {
  try {
    ff::Value value = ff::loads(pickle);
    static_cast<void>(value.repr());
    static_cast<void>(ff::loads(ff::dumps(value)));
  } catch (const ff::Error&) {
  }
  try {
    static_cast<void>(ff::loads<std::vector<double>>(pickle));
  } catch (const ff::Error&) {
  }
  try {
    static_cast<void>(ff::loads<std::map<std::string, std::vector<std::vector<int>>>>(pickle));
  } catch (const ff::Error&) {
  }
  try {
    static_cast<void>(ff::loads<ff::NdArray>(pickle));
  } catch (const ff::Error&) {
  }
}

/// Runs `f` in a process that may have 2 GB of memory and a minute of time.
void in_limits(const std::function<void()>& f) {
  std::cout.flush();
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!kSanitizer) {
      rlimit memory{2'000'000'000, 2'000'000'000};
      setrlimit(RLIMIT_AS, &memory);
    }
    rlimit time{kSanitizer ? 600u : 60u, kSanitizer ? 600u : 60u};
    setrlimit(RLIMIT_CPU, &time);
    try {
      f();
    } catch (const std::exception& e) {
      std::cerr << e.what() << std::endl;
      _exit(2);
    }
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Code.

TEST(HostileTest, NothingRuns) {
  const std::string marker = testing::TempDir() + "functionfuse_hostile_" + std::to_string(getpid());
  const std::string command = "touch " + marker;
  const std::string text = "\x8c" + little(command.size(), 1) + command;
  const std::string binary = "X" + little(command.size(), 4) + command;
  const std::string object_array =
      "\x80\x04" "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK" + little(0, 1) + "\x85" "C\1btR" +
      "(K\1K\1\x85" "cnumpy\ndtype\n(\x8c\2O8\x89\x88tR(K\3\x8c\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]cos\nsystem\n" +
      text + "\x85Ratb.";
  for (const std::string& pickle : std::initializer_list<std::string>{
           "cos\nsystem\n(S'" + command + "'\ntR.",
           "(S'" + command + "'\nios\nsystem\n.",
           "(cos\nsystem\nS'" + command + "'\no.",
           "\x80\x01" "cposix\nsystem\n(" + binary + "tR.",
           "\x80\x02" "cposix\nsystem\n" + binary + "\x85R.",
           "\x80\x03" "cposix\nsystem\n" + binary + "\x85\x81.",
           "\x80\x04\x8c\x05posix\x8c\x06system\x93" + text + "\x85R.",
           "\x80\x05\x8c\x02os\x8c\x06system\x93" + text + "\x85}\x92.",
           "\x80\x04\x8c\x08" "builtins\x8c\x04" "eval\x93\x8c\x14__import__('os')....\x85R.",
           "\x80\x04\x8c\x08" "builtins\x8c\x07getattr\x93\x8c\x02os\x8c\x06system\x86R" + text + "\x85R.",
           "\x80\x04" "ccopyreg\n__newobj__\ncos\nsystem\n" + text + "\x86R.",
           "\x80\x04" "cm\nC\n)\x81}\x8c\x0c__setstate__cos\nsystem\nsb" + text + "b.",
           object_array,
       }) {
    ff::Value value = ff::loads(pickle);
    EXPECT_EQ(value.kind(), ff::Kind::object) << pickle;
    static_cast<void>(value.repr());
    ff::Value again = ff::loads(ff::dumps(value));
    EXPECT_EQ(again.class_name(), value.class_name());
    read_in_every_way(pickle);
  }
  EXPECT_FALSE(std::filesystem::exists(marker));
}

TEST(HostileTest, WhatIsNotExactlyAKnownCallStaysOpaque) {
  for (const char* pickle : {
           "c__builtin__\nset\n(ctypes\nlist\ntR.",                          // no list
           "\x80\x03" "cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",       // bytearray(2**31 - 1)
           "\x80\x03" "cbuiltins\nbytes\nJ\xff\xff\xff\x7f\x85R.",
           "\x80\x03" "cbuiltins\ncomplex\nX\1" "\0\0\0" "1\x85R.",
           "\x80\x03" "c_codecs\nencode\nX\1" "\0\0\0" "1X\3\0\0\0hex\x86R.",
           "cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\nI1\ntb.",  // too long a state
           "cnumpy\ndtype\n(S'f7'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb.",      // no float of 7 bytes
           "cnumpy\ndtype\n(S'V999999999999'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntb.",
       }) {
    const std::string_view text(pickle, std::char_traits<char>::length(pickle));
    try {
      EXPECT_EQ(ff::loads(text).kind(), ff::Kind::object) << pickle;
    } catch (const ff::CorruptError&) {  // a 0 byte ended the text above: cut short
    }
  }
}

TEST(HostileTest, AnArraysShapeMustFitItsBytes) {
  auto array = [](const std::string& shape, const std::string& bytes) {
    return "\x80\x04" "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK" + little(0, 1) + "\x85" "C\1b\x87R" +
           "(K\1" + shape + "cnumpy\ndtype\n\x8c\2f8\x89\x88\x87R(K\3\x8c\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" +
           little(0, 1) + "tb\x89" + "C" + little(bytes.size(), 1) + bytes + "tb.";
  };
  EXPECT_EQ(ff::loads(array("K\1\x85", std::string(8, 'x'))).kind(), ff::Kind::ndarray);
  const std::string large = "\x8a\x08" + little(std::uint64_t{1} << 61, 8);  // times 8 is 0
  for (const std::string& shape :
       {std::string("K\2\x85"), "K" + little(0, 1) + "\x85", large + "\x85", large + large + "\x86",
        std::string("J\xff\xff\xff\xff\x85"), "(" + repeated("K\1", 40) + "t", std::string("N\x85"), std::string("N")}) {
    ff::Value value = ff::loads(array(shape, std::string(8, 'x')));
    EXPECT_EQ(value.kind(), ff::Kind::object);
    EXPECT_EQ(value.class_name(), "numpy.ndarray");
    EXPECT_NE(error_of([&] { static_cast<void>(value.get<std::vector<double>>()); }), "no error");
  }
}

// Claims.

TEST(HostileTest, ClaimedLengthsAreComparedWithWhatIsThere) {
  const std::uint64_t vast = std::uint64_t{1} << 60;
  for (const std::string& pickle : std::initializer_list<std::string>{
           "\x80\x04\x8d" + little(vast, 8) + "x.", "\x80\x04\x8e" + little(vast, 8) + "x.",
           "\x80\x05\x96" + little(vast, 8) + "x.", "\x80\x04\x95" + little(vast, 8) + "N.",
           "\x80\x04\x95" + little(~std::uint64_t{0}, 8) + "N.", "X" + little(0xffffffff, 4) + "x.",
           "B" + little(0xffffffff, 4) + "x.", "T" + little(0xffffffff, 4) + "x.", "U\xff" "x.", "C\xff" "x.",
           "\x8c\xff" "x.", "\x8a\xff" "x.", "\x8b" + little(0x7fffffff, 4) + "x.", "\x8b" + little(0xffffffff, 4) + "x.",
           "\x80\x04\x8d" + little(~std::uint64_t{0}, 8) + "x.",
       }) {
    std::string error = error_of([&] { static_cast<void>(ff::loads(pickle)); });
    EXPECT_EQ(error.substr(0, 21), "corrupt: pickle byte ") << error;
  }
  EXPECT_EQ(error_of([&] { static_cast<void>(ff::loads("\x80\x04\x8e" + little(vast, 8) + "x.")); }),
            "corrupt: pickle byte 11: 1152921504606846976 bytes claimed and 2 left: cut short, or not a pickle");
}

TEST(HostileTest, MemoIndicesDoNotMakeATable) {
  in_limits([] {
    EXPECT_EQ(ff::loads("]r\xff\xff\xff\xff" "0j\xff\xff\xff\xff.").kind(), ff::Kind::list);
    EXPECT_EQ(ff::loads("Np9223372036854775808\ng9223372036854775808\n.").kind(), ff::Kind::none);
    EXPECT_EQ(ff::loads("Np18446744073709551615\n0g18446744073709551615\n.").kind(), ff::Kind::none);
    EXPECT_THROW(static_cast<void>(ff::loads("Np18446744073709551616\n.")), ff::CorruptError);
    EXPECT_THROW(static_cast<void>(ff::loads("Np-1\n.")), ff::CorruptError);
    std::string rising = "N";  // each a thousand behind the last
    for (std::uint64_t i = 0; i < 500'000; ++i) rising += "r" + little(1000 * i, 4);
    static_cast<void>(ff::loads(rising + "."));
    std::string falling = "N";
    for (std::uint64_t i = 500'000; i > 0; --i) falling += "r" + little(i, 4);
    static_cast<void>(ff::loads(falling + "."));
  });
}

TEST(HostileTest, MemoIndicesDoNotCollide) {
  // Multiples of a number of buckets that libstdc++'s hash tables have.
  in_limits([] {
    std::string pickle = "N";
    for (std::uint64_t i = 1; i < 350'000; ++i) pickle += "p" + std::to_string(351'061 * i) + "\n";
    static_cast<void>(ff::loads(pickle + "."));
  });
}

TEST(HostileTest, MemoizeCountsAsPythonDoes) {
  // PUT 5, MEMOIZE is 1; PUT 5 again is no new one, MEMOIZE is 2.
  EXPECT_EQ(ff::loads("K\7q\5K\x08\x94K\x09q\5K\x0a\x94h\1h\2h\5\x87.").repr(), "(8, 10, 9)");
}

TEST(HostileTest, AMillionOfEverything) {
  in_limits([] {
    constexpr std::size_t kMany = 1'000'000;
    const std::string lists = std::string(kMany, ']') + std::string(kMany - 1, 'a') + ".";
    for (const std::string& pickle : std::initializer_list<std::string>{
             lists,
             std::string(kMany, ']') + ".",
             "N" + std::string(kMany, '\x85') + ".",
             repeated("(", kMany) + "N" + std::string(kMany, 't') + ".",
             repeated("}N", kMany) + "N" + std::string(kMany, 's') + ".",
             std::string(kMany, '('),
             std::string(kMany, '(') + "N.",
             std::string(kMany, '(') + std::string(kMany, '1') + "N.",
             repeated("cm\nC\n", 100'000) + "N" + repeated("\x85R", 100'000) + ".",
             "N" + std::string(kMany, 'Q') + ".",
             repeated("(", kMany) + "N" + std::string(kMany, '\x91') + ".",
             "]" + std::string(kMany, '2') + std::string(kMany, 'a') + ".",
             repeated("Na", kMany), std::string(kMany, 'e'), std::string(kMany, '0'),
             "\x80\x04\x8f" + repeated("(N\x90", kMany) + ".",
             "cm\nC\n)\x81" + repeated("Nb", kMany) + ".",
             "cm\nC\n)\x81" + repeated("(Ne", kMany) + ".",
         }) {
      read_in_every_way(pickle);
    }
    EXPECT_THROW(static_cast<void>(ff::loads(lists)), ff::CorruptError);
  });
}

TEST(HostileTest, DeepWaysThroughSharedObjectsAreNoDanger) {
  // Chains of 4,000 lists, each ending in the chain before it: deeper than any limit.
  std::string pickle = "]q" + little(0, 1) + "0";
  for (int chain = 0; chain < 200; ++chain) {
    pickle += std::string(4000, ']') + "h" + little(0, 1) + std::string(4000, 'a') + "q" + little(0, 1) + "0";
  }
  pickle += "h" + little(0, 1) + ".";
  in_limits([&] { read_in_every_way(pickle); });
}

TEST(HostileTest, SetsMadeOfListsCountForTheDepth) {
  // List k holds set(all of the group of lists k + 1): of `lists` lists and sets in turn.
  auto pickle_of = [](std::uint64_t lists) {
    constexpr std::uint64_t kGroup = 16, kList = 1'000, kArguments = 100'000;
    auto index = [](char op, std::uint64_t i) { return op + little(i, 4); };
    std::string pickle = "\x80\x04" "cbuiltins\nset\nq" + little(0, 1) + "0";
    for (std::uint64_t begin = 0; begin < lists; begin += kGroup) {
      pickle += "](";
      for (std::uint64_t i = begin; i < std::min(lists, begin + kGroup); ++i) {
        pickle += "]" + index('r', kList + i);
      }
      pickle += "e\x85" + index('r', kArguments + begin / kGroup) + "0";
    }
    for (std::uint64_t i = 0; i + 1 < lists; ++i) {
      pickle += index('j', kList + i) + "h" + little(0, 1) +
                index('j', kArguments + (i + 1) / kGroup) + "Ra0";
    }
    return pickle + index('j', kList) + ".";
  };
  EXPECT_EQ(ff::loads(pickle_of(2'400)).kind(), ff::Kind::list);
  EXPECT_EQ(error_of([&] { static_cast<void>(ff::loads(pickle_of(4'300))); }),
            "corrupt: pickle nested deeper than 5000 containers; a result like that can't be read");
}

TEST(HostileTest, AStateThatIsNoDtypesIsNotTriedWithoutEnd) {
  std::string names, fields;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const std::string name = "\x8c\6field" + little('0' + i % 10, 1);  // each a hundred times
    names += name;
    fields += name + "N";
  }
  const std::string state =
      "(K\3\x8c\1|N(" + names + "t}(" + fields + "uJ" + little(1 << 20, 4) + "K\1K\x10tq\2";
  const std::string pickle = "\x80\x04" "cnumpy\ndtype\nq" + little(0, 1) + "\x8c\2V8\x89\x88\x87q\1" + state;
  auto tried = [&](std::size_t times) {
    return "(" + pickle + repeated("h" + little(0, 1) + "h\1Rh\2b", times) + "t.";
  };
  EXPECT_EQ(ff::loads(tried(1)).kind(), ff::Kind::tuple);
  EXPECT_EQ(error_of([&] { static_cast<void>(ff::loads(tried(1'000))); }),
            "corrupt: a pickle that expands to far more than its own size: not a valid pickle");
}

TEST(HostileTest, WhatExpandsIsAnErrorOrShared) {
  in_limits([] {
    const std::string megabyte(1 << 20, 'x');
    const std::string text = "X" + little(megabyte.size(), 4) + megabyte + "q\1";
    const std::string bytes = "B" + little(megabyte.size(), 4) + megabyte + "q\1";
    const std::string list = "(" + std::string(1 << 20, 'N') + "lq\1";
    constexpr std::size_t kMany = 200'000;
    const std::string mib = "\x80\x04";
    for (const std::string& pickle : std::initializer_list<std::string>{
             mib + "(" + text + repeated("h\1h\1\x93", kMany) + "l.",
             mib + "(cbuiltins\nset\nq\2" + list + repeated("h\2h\1\x85R", kMany) + "l.",
             mib + "(cbuiltins\nbytearray\nq\2" + bytes + repeated("h\2h\1\x85R", kMany) + "l.",
             mib + "(c_codecs\nencode\nq\2\x8c\6latin1q\3" + text + repeated("h\2h\1h\3\x86R", kMany) + "l.",
             mib + "(cnumpy.core.numeric\n_frombuffer\nq\2cnumpy\ndtype\n\x8c\2u1\x89\x88\x87R" +
                 "(K\3\x8c\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" + little(0, 1) + "tbq\3\x8c\1Cq\4" + bytes +
                 repeated("h\2(h\1h\3J" + little(1 << 20, 4) + "\x85h\4tR", kMany) + "l.",
         }) {
      read_in_every_way(pickle);
    }
    // A dtype of 64 fields of 64 fields, and so on, many times.
    std::string names = "(", fields = "}";
    for (int i = 0; i < 60; ++i) names += "\x8c\1" + little(static_cast<std::uint64_t>('0' + i), 1);
    const std::string basic = "cnumpy\ndtype\nq\1\x8c\2u1\x89\x88\x87R(K\3\x8c\1|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" +
                              little(0, 1) + "tbq\2" + "0";
    std::string dtype;
    std::uint64_t size = 1;
    for (int level = 0; level < 3; ++level) {
      std::string state = "(K\3\x8c\1|N" + names + "t}(";
      for (std::uint64_t i = 0; i < 60; ++i) {
        state += "\x8c\1" + little('0' + i, 1) + "h\2J" + little(i * size, 4) + "\x86";
      }
      size *= 60;
      state += "uJ" + little(size, 4) + "K\1K\x10tb";
      dtype += "h\1\x8c\2V1\x89\x88\x87R" + state + "q\2" + "0";
    }
    read_in_every_way(mib + "(" + basic + dtype + repeated(dtype.substr(dtype.size() / 3 * 2), 200) + "h\2l.");
  });
}

TEST(HostileTest, LongNumbersTakeNoQuadraticTime) {
  in_limits([] {
    EXPECT_THROW(static_cast<void>(ff::loads("I" + std::string(10'000'000, '9') + "\n.")), ff::CorruptError);
    ff::Value vast = ff::loads("\x8b" + little(10'000'000, 4) + std::string(10'000'000, '\x7f') + ".");
    static_cast<void>(vast.repr());
    EXPECT_EQ(ff::loads("I" + std::string(19'999, '9') + "\n.").kind(), ff::Kind::big_integer);
    read_in_every_way("F" + std::string(10'000'000, '9') + "\n.");
    read_in_every_way("V" + repeated("\\", 10'000'000) + "\n.");
    read_in_every_way("S'" + repeated("\\", 10'000'000) + "'\n.");
    read_in_every_way("p" + std::string(10'000'000, '9') + "\n.");
  });
}

TEST(HostileTest, WhatIsNoPickleAtAll) {
  for (const char* text : {"", ".", "hello world", "<?xml version=\"1.0\"?>", "\x89HDF\r\n\x1a\n", "{\"a\": 1}", "PK\x03\x04",
                           "\x80", "\x80\x06.", "\x80\xff.", "N", "(.", "(N", "K", "c", "cm", "cm\n", "\xff.", "h\1.", "g\n.",
                           "I\n.", "I1x\n.", "F\n.", "Fx\n.", "S\n.", "S'\n.", "Sx\n.", "S'\\x\n.", "V\\u12\n.", "V\\U00110000\n.",
                           "]N.e", "Na.", "NNs.", "N}NNu.", "(Nu.", "NR.", "NNR.", "cm\nC\nNR.", "Nb.", "NNb.", "\x93.", "KK\x93.",
                           "\x85.", "\x86.", "]]]Q", "(}d.", "(NNNd.", "\x82\1.", "\x97.", "\x98.", "\x81.", "\x92.", "0", "1", "2", "s", "(s."}) {
    std::string error = error_of([&] { static_cast<void>(ff::loads(text)); });
    // Some are pickles: what stands behind the STOP is left alone.
    if (error != "no error") {
      EXPECT_TRUE(error.starts_with("corrupt: pickle byte ") || error.starts_with("unsupported: pickle byte "))
          << text << ": " << error;
    }
  }
  EXPECT_EQ(error_of([] { static_cast<void>(ff::loads("\x80\x04N\xff.")); }),
            "corrupt: pickle byte 3: unknown opcode 0xff: not a valid pickle");
  EXPECT_EQ(error_of([] { static_cast<void>(ff::loads("\x80\x06N.")); }),
            "unsupported: pickle byte 0: protocol 6; 0 to 5 can be read");
  try {
    static_cast<void>(ff::loads("NNNNa."));
    static_cast<void>(ff::loads("}]\xff"));
    FAIL();
  } catch (const ff::CorruptError& e) {
    EXPECT_TRUE(e.offset().has_value());
  }
}

TEST(HostileTest, NamesAndTextMustBeUtf8) {
  for (const char* pickle : {"c\xff\nx\n.", "cx\n\xff\n.", "P\xff\n.", "\x8c\1\xff.", "(i\xff\nx\n."}) {
    EXPECT_THROW(static_cast<void>(ff::loads(pickle)), ff::CorruptError) << pickle;
  }
}

// Damage.

const char* const kSmallGolden[] = {
    "plain_p4/list_mixed",  "plain_p4/shared_str",  "plain_p4/rec_tuple",      "plain_p4/complex",
    "plain_p4/bytearray",   "numpy_p4/nd_i",        "numpy_p4/nd_M8D",         "numpy_p4/nd_struct_titles",
    "numpy_p4/nd_object",   "numpy_p4/sc_c16",      "numpy_p4/dt_struct",      "numpy_p4/nd_shared",
    "stdlib_p4/datetime_tz", "stdlib_p4/array_array", "stdlib_p4/defaultdict", "dask_p4/nest_deep",
    "dask_p4/same_twice",
};

TEST(HostileTest, TruncatedAtEveryByte) {
  in_limits([] {
    for (const char* task : kSmallGolden) {
      const std::string pickle = golden(task);
      for (std::size_t size = 0; size < pickle.size(); ++size) {
        EXPECT_THROW(static_cast<void>(ff::loads(pickle.substr(0, size))), ff::CorruptError) << task << " " << size;
      }
      static_cast<void>(ff::loads(pickle + "what stands behind it"));
    }
    for (const char* task : {"plain_p4/frame_boundary", "numpy_p4/nd_100k"}) {
      const std::string pickle = golden(task);
      for (std::size_t size = 0; size < pickle.size(); size += 1009) {
        EXPECT_THROW(static_cast<void>(ff::loads(pickle.substr(0, size))), ff::CorruptError) << task << " " << size;
      }
    }
  });
}

TEST(HostileTest, EveryByteChanged) {
  in_limits([] {
    for (const char* task : kSmallGolden) {
      std::string pickle = golden(task);
      for (char& byte : pickle) {
        const char original = byte;
        for (int value = 0; value < 256; value += pickle.size() < 60 ? 1 : kSanitizer ? 51 : 5) {
          byte = static_cast<char>(original + value);
          read_in_every_way(pickle);
        }
        byte = original;
      }
    }
  });
}

TEST(HostileTest, EveryByteTakenAwayOrDoubled) {
  in_limits([] {
    for (const char* task : kSmallGolden) {
      const std::string pickle = golden(task);
      for (std::size_t i = 0; i < pickle.size(); ++i) {
        read_in_every_way(pickle.substr(0, i) + pickle.substr(i + 1));
        read_in_every_way(pickle.substr(0, i) + pickle[i] + pickle.substr(i));
      }
    }
  });
}

}  // namespace
