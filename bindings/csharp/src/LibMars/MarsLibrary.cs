namespace LibMars;

/// <summary>The C library that this package calls.</summary>
public static unsafe class MarsLibrary
{
    /// <summary>Its version, as "0.1.0".</summary>
    public static string Version => Utf8.Text(Native.mars_version());

    /// <summary>The crypto provider of its build, "mbedtls" or "openssl".</summary>
    public static string CryptoProvider => Utf8.Text(Native.mars_crypto_provider());

    /// <summary>Throws if the library that was found does not fit.</summary>
    internal static void Check(string found)
    {
        // Of the four numbers that an assembly has.
        var package = new Version(typeof(MarsLibrary).Assembly.GetName().Version!.ToString(3));
        if (System.Version.TryParse(found, out Version? library) && Fits(package, library))
            return;
        throw new MarsException(MarsStatus.Unsupported,
            $"LibMars {package} needs libmars {package} or a newer {Series(package)}.x, and found "
            + $"libmars \"{found}\"");
    }

    /// <summary>Within a series functions are only ever added: a newer library will do, in an older
    /// one something could be missing.</summary>
    internal static bool Fits(Version package, Version library)
    {
        return Series(library) == Series(package) && library >= package;
    }

    /// <summary>The major version's; before 1.0 each 0.x is one.</summary>
    private static string Series(Version version)
    {
        return version.ToString(version.Major > 0 ? 1 : 2);
    }
}
