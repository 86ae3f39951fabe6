using Xunit;

namespace LibMars.Tests;

public sealed class VersionTests
{
    [Fact]
    public void The_library_is_of_this_packages_version()
    {
        Assert.Equal(typeof(Agent).Assembly.GetName().Version!.ToString(3), MarsLibrary.Version);
        Assert.Contains(MarsLibrary.CryptoProvider, (string[])["mbedtls", "openssl"]);
    }

    [Theory]
    [InlineData("0.1.0")]
    [InlineData("0.1.7")]
    public void A_library_of_the_same_series_and_not_older_will_do(string version)
    {
        MarsLibrary.Check(version);
    }

    [Theory]
    [InlineData("0.1.7", "0.1.7", true)]
    [InlineData("0.1.7", "0.1.10", true)]
    [InlineData("0.1.7", "0.1.0", false)]
    [InlineData("0.1.7", "0.1", false)]
    [InlineData("0.1.7", "0.2.0", false)]
    [InlineData("0.1.7", "1.1.7", false)]
    [InlineData("1.2.3", "1.2.3", true)]
    [InlineData("1.2.3", "1.3.0", true)]
    [InlineData("1.2.3", "1.2.2", false)]
    [InlineData("1.2.3", "1.1.9", false)]
    [InlineData("1.2.3", "2.2.3", false)]
    public void Until_1_0_the_second_number_tells_the_series_too(
        string package, string library, bool fits)
    {
        Assert.Equal(fits, MarsLibrary.Fits(new Version(package), new Version(library)));
    }

    [Theory]
    [InlineData("0.0.9")]
    [InlineData("0.2.0")]
    [InlineData("1.1.0")]
    [InlineData("")]
    [InlineData("new")]
    public void Another_one_is_named(string version)
    {
        var e = Assert.Throws<MarsException>(() => MarsLibrary.Check(version));
        Assert.Equal(MarsStatus.Unsupported, e.Status);
        Assert.Matches(@"^LibMars (0\.\d+)\.\d+ needs libmars \1\.\d+ or a newer \1\.x, and found "
            + $"libmars \"{version}\"$", e.Message);
    }
}
