// Why credentials or settings were not taken, in words that an operator can act on.
import COpenSSL
public import Units

/// A context could not be made. Says what is wrong, in which file, and what to do about it.
public struct TLSConfigurationError: Error, CustomStringConvertible, Sendable {
    public enum Problem: Sendable, Equatable {
        /// The file cannot be read at all.
        case unreadable
        /// No PEM block of the wanted kind is there, or it is cut short or damaged.
        case notPEM
        case missing
        case encryptedKey
        case keyMismatch
        case expired(Instant)
        case notYetValid(Instant)
        case chainOutOfOrder
        case settingRefused
    }

    public let problem: Problem
    /// The file, or what stands for it when the credential came from memory.
    public let place: String
    public let what: String
    public let advice: String
    /// What OpenSSL said, empty where it was not asked.
    public let library: String

    init(_ problem: Problem, in place: String, _ what: String, advice: String) {
        self.problem = problem
        self.place = place
        self.what = what
        self.advice = advice
        self.library = LibraryErrors.take().text
    }

    public var description: String {
        "\(place): \(what); \(advice)" + (library.isEmpty ? "" : " (OpenSSL: \(library))")
    }
}

/// The thread's queue of OpenSSL errors.
struct LibraryErrors {
    /// Code of the first error that was raised: the cause. Zero when there was none.
    private(set) var first: UInt = 0
    private(set) var text = ""

    var reason: Int32 { ERR_GET_REASON(first) }

    /// Empties the queue. Of a long queue only the first few errors are kept as text.
    static func take() -> LibraryErrors {
        let textLimit = 3
        var taken = LibraryErrors()
        var count = 0
        while true {
            let code = ERR_get_error()
            if code == 0 { return taken }
            if count == 0 { taken.first = code }
            if count < textLimit {
                let reason = ERR_reason_error_string(code).map { String(cString: $0) }
                taken.text += (count == 0 ? "" : ", ") + (reason ?? "error \(code)")
            }
            count += 1
        }
    }
}
