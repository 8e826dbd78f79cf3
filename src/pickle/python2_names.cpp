#include <array>

#include "pickle/globals.hpp"

namespace functionfuse::detail {

namespace {

struct Renamed {
  std::string_view old_module, old_name, module, name;
};

// What Python 3 calls what Python 2 named otherwise: single names first, then whole modules. A test
// compares the tables with those of Python's own pickle.loads.
constexpr std::array kRenamed{
    Renamed{"UserDict", "IterableUserDict", "collections", "UserDict"},
    Renamed{"__builtin__", "basestring", "builtins", "str"},
    Renamed{"__builtin__", "intern", "sys", "intern"},
    Renamed{"__builtin__", "long", "builtins", "int"},
    Renamed{"__builtin__", "reduce", "functools", "reduce"},
    Renamed{"__builtin__", "unichr", "builtins", "chr"},
    Renamed{"__builtin__", "unicode", "builtins", "str"},
    Renamed{"__builtin__", "xrange", "builtins", "range"},
    Renamed{"_multiprocessing", "Connection", "multiprocessing.connection", "Connection"},
    Renamed{"_socket", "fromfd", "socket", "fromfd"},
    Renamed{"exceptions", "StandardError", "builtins", "Exception"},
    Renamed{"itertools", "ifilter", "builtins", "filter"},
    Renamed{"itertools", "ifilterfalse", "itertools", "filterfalse"},
    Renamed{"itertools", "imap", "builtins", "map"},
    Renamed{"itertools", "izip", "builtins", "zip"},
    Renamed{"itertools", "izip_longest", "itertools", "zip_longest"},
    Renamed{"multiprocessing", "AuthenticationError", "multiprocessing.context", "AuthenticationError"},
    Renamed{"multiprocessing", "BufferTooShort", "multiprocessing.context", "BufferTooShort"},
    Renamed{"multiprocessing", "ProcessError", "multiprocessing.context", "ProcessError"},
    Renamed{"multiprocessing", "TimeoutError", "multiprocessing.context", "TimeoutError"},
    Renamed{"multiprocessing.forking", "Popen", "multiprocessing.popen_fork", "Popen"},
    Renamed{"multiprocessing.process", "Process", "multiprocessing.context", "Process"},
    Renamed{"socket", "_socketobject", "socket", "SocketType"},
    Renamed{"urllib", "ContentTooShortError", "urllib.error", "ContentTooShortError"},
    Renamed{"urllib", "getproxies", "urllib.request", "getproxies"},
    Renamed{"urllib", "pathname2url", "urllib.request", "pathname2url"},
    Renamed{"urllib", "quote", "urllib.parse", "quote"},
    Renamed{"urllib", "quote_plus", "urllib.parse", "quote_plus"},
    Renamed{"urllib", "unquote", "urllib.parse", "unquote"},
    Renamed{"urllib", "unquote_plus", "urllib.parse", "unquote_plus"},
    Renamed{"urllib", "url2pathname", "urllib.request", "url2pathname"},
    Renamed{"urllib", "urlcleanup", "urllib.request", "urlcleanup"},
    Renamed{"urllib", "urlencode", "urllib.parse", "urlencode"},
    Renamed{"urllib", "urlopen", "urllib.request", "urlopen"},
    Renamed{"urllib", "urlretrieve", "urllib.request", "urlretrieve"},
    Renamed{"urllib2", "HTTPError", "urllib.error", "HTTPError"},
    Renamed{"urllib2", "URLError", "urllib.error", "URLError"},
};

struct Moved {
  std::string_view old_module, module;
};

constexpr std::array kMoved{
    Moved{"BaseHTTPServer", "http.server"},
    Moved{"CGIHTTPServer", "http.server"},
    Moved{"ConfigParser", "configparser"},
    Moved{"Cookie", "http.cookies"},
    Moved{"Dialog", "tkinter.dialog"},
    Moved{"DocXMLRPCServer", "xmlrpc.server"},
    Moved{"FileDialog", "tkinter.filedialog"},
    Moved{"HTMLParser", "html.parser"},
    Moved{"Queue", "queue"},
    Moved{"ScrolledText", "tkinter.scrolledtext"},
    Moved{"SimpleDialog", "tkinter.simpledialog"},
    Moved{"SimpleHTTPServer", "http.server"},
    Moved{"SimpleXMLRPCServer", "xmlrpc.server"},
    Moved{"SocketServer", "socketserver"},
    Moved{"StringIO", "io"},
    Moved{"Tix", "tkinter.tix"},
    Moved{"Tkconstants", "tkinter.constants"},
    Moved{"Tkdnd", "tkinter.dnd"},
    Moved{"Tkinter", "tkinter"},
    Moved{"UserDict", "collections"},
    Moved{"UserList", "collections"},
    Moved{"UserString", "collections"},
    Moved{"__builtin__", "builtins"},
    Moved{"_abcoll", "collections.abc"},
    Moved{"_elementtree", "xml.etree.ElementTree"},
    Moved{"_winreg", "winreg"},
    Moved{"anydbm", "dbm"},
    Moved{"cPickle", "pickle"},
    Moved{"cStringIO", "io"},
    Moved{"commands", "subprocess"},
    Moved{"cookielib", "http.cookiejar"},
    Moved{"copy_reg", "copyreg"},
    Moved{"dbhash", "dbm.bsd"},
    Moved{"dbm", "dbm.ndbm"},
    Moved{"dumbdbm", "dbm.dumb"},
    Moved{"dummy_thread", "_dummy_thread"},
    Moved{"exceptions", "builtins"},
    Moved{"gdbm", "dbm.gnu"},
    Moved{"htmlentitydefs", "html.entities"},
    Moved{"httplib", "http.client"},
    Moved{"markupbase", "_markupbase"},
    Moved{"repr", "reprlib"},
    Moved{"robotparser", "urllib.robotparser"},
    Moved{"test.test_support", "test.support"},
    Moved{"thread", "_thread"},
    Moved{"tkColorChooser", "tkinter.colorchooser"},
    Moved{"tkCommonDialog", "tkinter.commondialog"},
    Moved{"tkFileDialog", "tkinter.filedialog"},
    Moved{"tkFont", "tkinter.font"},
    Moved{"tkMessageBox", "tkinter.messagebox"},
    Moved{"tkSimpleDialog", "tkinter.simpledialog"},
    Moved{"ttk", "tkinter.ttk"},
    Moved{"urllib2", "urllib.request"},
    Moved{"urlparse", "urllib.parse"},
    Moved{"whichdb", "dbm"},
    Moved{"xmlrpclib", "xmlrpc.client"},
};

}  // namespace

std::pair<std::string_view, std::string_view> python3_name(std::string_view module,
                                                           std::string_view name) noexcept {
  for (const Renamed& r : kRenamed) {
    if (r.old_module == module && r.old_name == name) return {r.module, r.name};
  }
  for (const Moved& m : kMoved) {
    if (m.old_module == module) return {m.module, name};
  }
  return {module, name};
}

}  // namespace functionfuse::detail
