# Runs the script for players and `setup-player` on this Windows: setup.ps1 MMCOS.EXE
# They change the hosts file of the machine and restore it, so this is for machines that are thrown away.
param([Parameter(Mandatory)] [string] $Program)
$ErrorActionPreference = 'Stop'
$Program = (Resolve-Path $Program).Path
$hosts = "$env:SystemRoot\System32\drivers\etc\hosts"
$scratch = Join-Path $env:TEMP "mmcos-setup-$PID"
New-Item -ItemType Directory $scratch | Out-Null
$original = [IO.File]::ReadAllBytes($hosts)

function Assert([bool] $Holds, [string] $What) {
    if (-not $Holds) { throw $What }
    Write-Host "ok: $What"
}

function Test-Original { [Convert]::ToBase64String([IO.File]::ReadAllBytes($hosts)) -eq [Convert]::ToBase64String($original) }

$server = Start-Process -PassThru -NoNewWindow $Program -ArgumentList '--data-dir', "$scratch\data", '--http', '8080', '--https', '443'
try {
    foreach ($attempt in 1..50) {
        try { Invoke-WebRequest 'http://127.0.0.1:8080/healthz' -UseBasicParsing | Out-Null; break } catch { Start-Sleep -Milliseconds 200 }
    }
    # By another address than loopback: the page takes it for the server's.
    $ip = (Get-NetIPAddress -AddressFamily IPv4 | Where-Object { $_.IPAddress -notlike '127.*' -and $_.IPAddress -notlike '169.*' })[0].IPAddress
    Invoke-WebRequest "http://${ip}:8080/setup.cmd" -OutFile "$scratch\setup.cmd" -UseBasicParsing

    # "pause" wants a key.
    'x' | cmd /c "$scratch\setup.cmd"
    $text = [IO.File]::ReadAllText($hosts)
    Assert ($text.Contains("$ip mmcos.codemasters.com")) 'setup.cmd adds the lines'
    & $Program setup-player undo
    Assert (Test-Original) 'setup-player undoes what setup.cmd did'
    & $Program setup-player $ip
    Assert ($LASTEXITCODE -eq 0) 'setup-player adds the lines and reaches the server'
    Assert ((Resolve-DnsName mmcos.codemasters.com -Type A).IPAddress -contains $ip) 'the name leads to the server'
    'x' | cmd /c "$scratch\setup.cmd" undo
    Assert (Test-Original) 'setup.cmd undoes what setup-player did'
} finally {
    Stop-Process $server
    [IO.File]::WriteAllBytes($hosts, $original)
}
